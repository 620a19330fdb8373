from __future__ import annotations

from django.urls import path

from analytics.directory import views as directory
from analytics.insights import views

app_name = "insights"
urlpatterns = [
    path("", views.overview_page, name="overview"),
    path("members/", directory.members_page, name="members"),
    path("members/<str:number>/", directory.member_page, name="member"),
    path("insights/rfm/", views.rfm_page, name="rfm"),
    path("insights/retention/", views.retention_page, name="retention"),
    path("insights/metrics/", views.metrics_page, name="metrics"),
]
