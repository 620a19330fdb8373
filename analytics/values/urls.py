from __future__ import annotations

from django.urls import path

from analytics.values import views

app_name = "values"
urlpatterns = [path("recompute/", views.recompute, name="recompute")]
