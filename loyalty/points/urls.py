from __future__ import annotations

from django.urls import path

from loyalty.points import desk, views

app_name = "points"
urlpatterns = [
    path("points/", desk.today_page, name="today"),
    path("points/debts/", desk.debts_page, name="debts"),
    path("members/<str:number>/points/", views.statement_page, name="member"),
    path("members/<str:number>/points/card/", views.card, name="card"),
    path("members/<str:number>/points/adjust/", views.adjust_page, name="adjust"),
    path(
        "members/<str:number>/points/write-off/", views.write_off_page, name="write_off"
    ),
    path(
        "members/<str:number>/points/entries/<int:entry>/",
        views.entry_page,
        name="entry",
    ),
    path(
        "members/<str:number>/points/entries/<int:entry>/undo/",
        views.undo,
        name="undo",
    ),
]
