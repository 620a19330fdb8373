from __future__ import annotations

from django.urls import path

from loyalty.orders import views

app_name = "history"
urlpatterns = [path("settings/points/history/", views.apply_page, name="apply")]
