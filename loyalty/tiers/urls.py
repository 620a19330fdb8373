from __future__ import annotations

from django.urls import path

from loyalty.tiers import drafts_views, rules_views, views

app_name = "tiers"
urlpatterns = [
    path("settings/tiers/", rules_views.tiers_page, name="settings"),
    path("settings/drafts/<int:pk>/tiers/", drafts_views.draft_page, name="draft"),
    path(
        "settings/drafts/<int:pk>/tiers/moves/",
        drafts_views.draft_moves,
        name="draft_moves",
    ),
    path("members/<str:number>/tiers/", views.member_page, name="member"),
    path("members/<str:number>/tiers/card/", views.card, name="card"),
    path("members/<str:number>/tiers/lock/", views.lock, name="lock"),
    path(
        "members/<str:number>/tiers/locks/<int:pk>/release/",
        views.unlock,
        name="unlock",
    ),
]
