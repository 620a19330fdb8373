from __future__ import annotations

from django.urls import path

from members.settings import keys_views, points_views, views

app_name = "settings"
urlpatterns = [
    path("", views.programme_page, name="programme"),
    path("points/", points_views.points_page, name="points"),
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
