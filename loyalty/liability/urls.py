from __future__ import annotations

from datetime import date

from django.urls import path, register_converter

from config.lib import days
from loyalty.liability import views


class Day:
    """A day in an address, as 2026-10-31; anything else is no address of ours."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return days.parse(value)

    def to_url(self, value: date | str) -> str:
        return str(value)


register_converter(Day, "local_day")

app_name = "liability"
urlpatterns = [
    path("", views.liability_page, name="page"),
    path("days/<local_day:day>/", views.day_page, name="day"),
    path("journal/", views.journal_file, name="journal"),
    path("close/", views.close, name="close"),
]
