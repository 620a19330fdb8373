from __future__ import annotations

from django.urls import path

from members.settings import (
    accounts_views,
    keys_views,
    points_views,
    versions_views,
    views,
)

app_name = "settings"
urlpatterns = [
    path("", views.programme_page, name="programme"),
    path("points/", points_views.points_page, name="points"),
    path("versions/", versions_views.versions_page, name="versions"),
    path("versions/compare/", versions_views.compare_page, name="compare"),
    path(
        "versions/<int:number>/roll-back/", versions_views.roll_back, name="roll_back"
    ),
    path("drafts/new/", versions_views.draft_new, name="draft_new"),
    path("drafts/<int:pk>/", versions_views.draft_page, name="draft"),
    path("drafts/<int:pk>/edit/", versions_views.draft_edit, name="draft_edit"),
    path("drafts/<int:pk>/publish/", versions_views.publish, name="draft_publish"),
    path("drafts/<int:pk>/discard/", versions_views.discard, name="draft_discard"),
    path("drafts/<int:pk>/withdraw/", versions_views.withdraw, name="draft_withdraw"),
    path("drafts/<int:pk>/update/", versions_views.update, name="draft_update"),
    path("accounts/", accounts_views.accounts_page, name="accounts"),
    path("keys/", keys_views.keys_page, name="keys"),
    path("keys/new/", keys_views.key_new, name="key_new"),
    path("keys/<int:pk>/revoke/", keys_views.key_revoke, name="key_revoke"),
    path("people/", views.people_page, name="people"),
    path("people/new/", views.person_new, name="person_new"),
    path("people/<int:pk>/", views.person_page, name="person"),
    path("stores/", views.stores_page, name="stores"),
    path("stores/new/", views.store_new, name="store_new"),
    path("stores/<int:pk>/", views.store_page, name="store"),
]
