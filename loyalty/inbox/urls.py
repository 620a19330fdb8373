from __future__ import annotations

from django.urls import path

from loyalty.inbox import views

app_name = "inbox"
urlpatterns = [
    path("", views.tasks_page, name="tasks"),
    path("reminders/<int:pk>/done/", views.reminder_done, name="reminder_done"),
    path("<int:pk>/", views.request_page, name="request"),
    path("<int:pk>/approve/", views.approve, name="approve"),
    path("<int:pk>/reject/", views.reject, name="reject"),
]
