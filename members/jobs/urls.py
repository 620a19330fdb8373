from __future__ import annotations

from django.urls import path

from members.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.list_page, name="list"),
    path("<uuid:pk>/", views.detail_page, name="detail"),
    path("<uuid:pk>/row/", views.row, name="row"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
]
