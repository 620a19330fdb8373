from __future__ import annotations

from django.urls import path

from analytics.directory import views as directory

app_name = "insights"
urlpatterns = [
    path("members/", directory.members_page, name="members"),
    path("members/<str:number>/", directory.member_page, name="member"),
]
