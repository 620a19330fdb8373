from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from analytics.values import services as values
from config.lib import clock
from members.access.http import requires, user_of
from members.jobs import tasks as jobs
from members.programme import queries as programme


@requires("jobs.run")
@require_POST
def recompute(request: HttpRequest) -> HttpResponse:
    """Ask for a recompute as of today; the page of its job shows how far it is."""
    at = clock.now()
    today = at.astimezone(programme.settings_at(at=at).zone).date()
    job = values.request(as_of=today, by=user_of(request), at=at)
    jobs.enqueue(job)
    return redirect("jobs:detail", job.pk)
