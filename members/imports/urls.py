from __future__ import annotations

from django.urls import path

from members.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.list_page, name="list"),
    path("new/", views.new_page, name="new"),
    path("uploads/<uuid:pk>/", views.upload_page, name="upload"),
    path("<int:pk>/", views.batch_page, name="batch"),
    path("<int:pk>/rejects/", views.download_rejects, name="rejects"),
    path("<int:pk>/undo/", views.undo, name="undo"),
]
