from __future__ import annotations

from django.urls import path

from loyalty.tiers import views

app_name = "tiers"
urlpatterns = [
    path("members/<str:number>/tiers/", views.member_page, name="member"),
    path("members/<str:number>/tiers/card/", views.card, name="card"),
    path("members/<str:number>/tiers/lock/", views.lock_page, name="lock"),
    path(
        "members/<str:number>/tiers/locks/<int:lock>/release/",
        views.release_page,
        name="release",
    ),
]
