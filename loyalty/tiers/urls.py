from __future__ import annotations

from django.urls import path

from loyalty.tiers import rules_views, views

app_name = "tiers"
urlpatterns = [
    path("settings/tiers/", rules_views.tiers_page, name="settings"),
    path("members/<str:number>/tiers/", views.member_page, name="member"),
    path("members/<str:number>/tiers/card/", views.card, name="card"),
    path("members/<str:number>/tiers/lock/", views.lock, name="lock"),
    path(
        "members/<str:number>/tiers/locks/<int:pk>/release/",
        views.unlock,
        name="unlock",
    ),
]
