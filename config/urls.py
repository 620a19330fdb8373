from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("config.health.urls")),
    path("api/v1/", include("config.api_urls")),
    path("accounts/", include("config.accounts.urls")),
    path("preferences/", include("config.preferences.urls")),
    path("", include("analytics.insights.urls")),
    path("points/liability/", include("loyalty.liability.urls")),
    path("", include("loyalty.points.urls")),
    path("", include("loyalty.orders.urls")),
    path("", include("loyalty.replay.urls")),
    path("", include("loyalty.tiers.urls")),
    path("tasks/", include("loyalty.inbox.urls")),
    path("values/", include("analytics.values.urls")),
    path("imports/", include("members.imports.urls")),
    path("jobs/", include("members.jobs.urls")),
    path("settings/", include("members.settings.urls")),
]

handler400 = "config.lib.problem.bad_request"
handler500 = "config.lib.problem.server_error"
