from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from config.lib import clock
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal, render_page_or_fragment, wants_fragment
from config.lib.ui import Crumb
from loyalty.replay import queries, services, shown
from loyalty.replay.forms import ReplayForm
from loyalty.replay.models import Replay
from members.access.http import requires, user_of
from members.jobs import tasks as jobs
from members.jobs.enums import JobState
from members.programme.models import ProgrammeDraft

REFUSED = 422
SHOWN = 20
_OPEN = (JobState.QUEUED, JobState.RUNNING)


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def list_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The replays of a draft, and the form that starts another."""
    draft = get_object_or_404(ProgrammeDraft, pk=min(pk, 2**62))
    if request.method == "POST":
        return start(request, draft)
    form = ReplayForm(rivals=queries.rivals(draft_id=draft.pk))
    return _list_page(request, draft, form)


@requires("settings.edit")
def start(request: HttpRequest, draft: ProgrammeDraft) -> HttpResponse:
    form = ReplayForm(request.POST, rivals=queries.rivals(draft_id=draft.pk))
    if form.is_valid():
        try:
            replay, job = services.request_job(
                draft=draft,
                rival=form.cleaned_data["rival"],
                months=form.cleaned_data["months"],
                by=user_of(request),
                at=clock.now(),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            jobs.enqueue(job)
            return redirect("replay:detail", replay.pk)
    return _list_page(request, draft, form)


def _list_page(
    request: HttpRequest, draft: ProgrammeDraft, form: ReplayForm
) -> HttpResponse:
    title = _("Replay")
    found = queries.of_draft(draft_id=draft.pk)[:SHOWN]
    context = {
        "form": form,
        "draft": draft,
        "replays": [
            (one, shown.sides(one) if one.result is not None else []) for one in found
        ],
        "may_edit": "settings.edit" in user_of(request).words,
        "crumbs": [*_crumbs(draft), Crumb(title)],
    }
    status = REFUSED if form.errors else 200
    return render(request, "replay/list.html", context, status=status)


def _crumbs(draft: ProgrammeDraft) -> list[Crumb]:
    return [
        Crumb(_("Settings"), reverse("settings:programme")),
        Crumb(_("Versions"), reverse("settings:versions")),
        Crumb(draft.title, reverse("settings:draft", args=[draft.pk])),
    ]


@requires("settings.view")
@require_GET
def detail_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The result of a replay, or how far it is."""
    rows = Replay.objects.select_related("draft", "rival", "created_by")
    replay = get_object_or_404(rows, pk=min(pk, 2**62))
    if replay.result is None:
        return _progress_page(request, replay)
    if wants_fragment(request):
        # The line that asked was the progress; now there is a page to read.
        return HttpResponseClientRefresh()
    context = {**_frame(request, replay), **_result(replay)}
    return render(request, "replay/detail.html", context)


def _progress_page(request: HttpRequest, replay: Replay) -> HttpResponse:
    job = queries.job_of(replay=replay)
    if wants_fragment(request) and (job is None or job.state not in _OPEN):
        # Its end changes the whole page, not its line alone.
        return HttpResponseClientRefresh()
    ended = job is not None and job.state not in _OPEN
    context = {**_frame(request, replay), "job": job, "ended": ended}
    return render_page_or_fragment(request, "replay/progress.html", "progress", context)


def _frame(request: HttpRequest, replay: Replay) -> dict[str, Any]:
    title = services.title_of(replay)
    back = reverse("replay:list", args=[replay.draft_id])
    return {
        "replay": replay,
        "title": title,
        "crumbs": [
            *_crumbs(replay.draft),
            Crumb(_("Replay"), back),
            Crumb(title),
        ],
        "may_edit": "settings.edit" in user_of(request).words,
    }


def _result(replay: Replay) -> dict[str, Any]:
    members = queries.members(ids=shown.shown_members(replay))
    sides = shown.sides(replay)
    result = replay.result or {}
    today = result["sides"][0]
    return {
        "sides": sides,
        "months": shown.months(replay),
        "pairs": shown.pairs(replay, members=members),
        "note": shown.note(replay),
        "ledger": result["ledger"],
        "differs": result["ledger"]["points"] - today["points"],
        "real_points": shown.by_real_points(replay),
        "real_balance": shown.by_real_balance(replay),
        "changed": services.has_changed(replay=replay),
        "past": services.is_past(replay=replay, now=clock.now()),
    }
