from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from config.lib import clock
from config.lib.htmx import render_page_or_fragment, wants_fragment
from config.lib.ui import Choice, Crumb
from members.access import rules
from members.access.http import requires, user_of
from members.jobs import kinds, queries, tasks
from members.jobs import services as jobs
from members.jobs.enums import JobState
from members.jobs.models import Job


@requires("jobs.view")
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    known = JobState(state) if state in JobState.values else None
    page = queries.recent(
        state=known, after=queries.place(request.GET.get("after", ""))
    )
    every = Choice(_("All"), reverse("jobs:list"), current=known is None)
    context = {
        "page": page,
        "states": [every]
        + [
            Choice(str(text), f"?state={value}", current=value == known)
            for value, text in JobState.choices
        ],
        "state": known or "",
        "crumbs": [Crumb(_("Jobs"))],
    }
    return render_page_or_fragment(request, "jobs/list.html", "rows", context)


@requires("jobs.view")
@require_GET
def detail_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = get_object_or_404(Job.objects.select_related("created_by"), pk=pk)
    name = kinds.title(job.kind)
    context = {
        "job": job,
        "name": name,
        "can_retry": _can_retry(request, job),
        "crumbs": [Crumb(_("Jobs"), reverse("jobs:list")), Crumb(name)],
    }
    if wants_fragment(request) and job.state not in (JobState.QUEUED, JobState.RUNNING):
        # Its end changes more than its line: result, times and what can be done.
        return HttpResponseClientRefresh()
    return render_page_or_fragment(request, "jobs/detail.html", "progress", context)


@requires("jobs.view")
@require_GET
def row(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of one job, which asks for itself again while the job is open."""
    job = get_object_or_404(Job, pk=pk)
    context = {"job": job, "name": kinds.title(job.kind)}
    return render(request, "jobs/row.html", context)


@requires("jobs.view")
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk)
    if not _is_theirs(request, job):
        return _refused(request)
    try:
        jobs.request_cancel(job_id=job.pk, by=user_of(request), at=clock.now())
    except jobs.NotOpen as ended:
        messages.info(request, str(ended))
    return redirect("jobs:detail", job.pk)


@requires("jobs.view")
@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk)
    if not _is_theirs(request, job):
        return _refused(request)
    again = jobs.retry(job_id=job.pk, by=user_of(request), at=clock.now())
    tasks.enqueue(again)
    return redirect("jobs:detail", again.pk)


def _is_theirs(request: HttpRequest, job: Job) -> bool:
    """Say whether somebody may stop or repeat a job: its author and admins."""
    user = user_of(request)
    return "jobs.run" in user.words or job.created_by_id == user.pk


def _can_retry(request: HttpRequest, job: Job) -> bool:
    ended_badly = job.state in (JobState.FAILED, JobState.CANCELLED)
    known = kinds.named(job.kind) is not None
    return ended_badly and known and _is_theirs(request, job)


def _refused(request: HttpRequest) -> HttpResponse:
    context = {"roles_needed": rules.roles_with("jobs.run")}
    return render(request, "403.html", context, status=403)
