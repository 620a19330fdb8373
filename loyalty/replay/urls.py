from __future__ import annotations

from django.urls import path

from loyalty.replay import views

app_name = "replay"
urlpatterns = [
    path("settings/drafts/<int:pk>/replays/", views.list_page, name="list"),
    path("settings/replays/<int:pk>/", views.detail_page, name="detail"),
]
