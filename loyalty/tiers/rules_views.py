"""Settings → Tiers: the sets in words, a form for them, and who would move."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from config.lib import clock, periods
from config.lib.errors import DomainError
from loyalty.tiers import applying, preview
from loyalty.tiers.forms import (
    SetForms,
    VersionForm,
    initial_of,
    initial_set,
    refuse,
    told_of,
)
from members.access.http import requires, user_of
from members.approvals.models import Approval
from members.jobs import tasks as jobs
from members.programme import queries as programme
from members.programme import rules, tier_presets, wording_tiers
from members.settings import drafts, services
from members.settings.frame import after_publishing, frame
from members.settings.points_views import begins_on

REFUSED = 422


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def tiers_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return change_tiers(request)
    latest = programme.latest()
    sets = [*initial_of(latest), *_preset(request)]
    forms = SetForms(initial=sets, prefix="sets")
    return _page(request, forms, VersionForm(initial={"based_on": latest.number}))


def _preset(request: HttpRequest) -> list[dict[str, Any]]:
    """A set the address asks for, to begin with."""
    found = tier_presets.by_key().get(request.GET.get("preset", ""))
    return [initial_set(found)] if found else []


@requires("settings.edit")
def change_tiers(request: HttpRequest) -> HttpResponse:
    """Show who would move by what was typed, or publish it."""
    forms = SetForms(request.POST, prefix="sets")
    version = VersionForm(request.POST)
    if not (forms.is_valid() and version.is_valid()):
        return _page(request, forms, version, status=REFUSED)
    at = clock.now()
    kept = told_of(forms)
    values = {"tier_sets": [one.told() for one in kept]}
    act = request.POST.get("act")
    try:
        if act == "draft":
            return _draft(request, version, values, at)
        if act != "publish":
            latest = programme.latest()
            draft = rules.parse({**rules.dump(latest), **values}, number=latest.number)
            now = programme.settings_at(at=at)
            moves = preview.beside(settings=draft, today=now, at=at)
            return _page(request, forms, version, moves=moves)
        published = _publish(request, version, values, at)
    except DomainError as refusal:
        refuse(kept, version, refusal)
        return _page(request, forms, version, status=REFUSED)
    return _published(request, published, at)


def _draft(
    request: HttpRequest, version: VersionForm, values: dict[str, Any], at: datetime
) -> HttpResponse:
    """What was typed becomes a draft, to be replayed and talked about first."""
    told = version.cleaned_data
    draft = drafts.make(
        title=told["note"][:80] or services.TITLE,
        values=values,
        effective_from=begins_on(told["effective_on"], at=at),
        note=told["note"],
        by=drafts.actor_of(user_of(request)),
        at=at,
    )
    return redirect("settings:draft", draft.pk)


def _publish(
    request: HttpRequest, version: VersionForm, values: dict[str, Any], at: datetime
) -> drafts.Published:
    told = version.cleaned_data
    return services.publish_programme(
        values=values,
        based_on=told["based_on"],
        effective_from=begins_on(told["effective_on"], at=at) or at,
        note=told["note"],
        by=drafts.actor_of(user_of(request)),
        at=at,
    )


def _published(
    request: HttpRequest, published: drafts.Published, at: datetime
) -> HttpResponse:
    answer = after_publishing(request, published, "tiers:settings")
    if isinstance(published, Approval):
        return answer
    if published.effective_from is None or published.effective_from <= at:
        # Who has reached more now is lifted now; later versions are the night's work.
        job = applying.request(by=user_of(request), at=at)
        jobs.enqueue(job)
        return redirect("jobs:detail", job.pk)
    return answer


def _page(
    request: HttpRequest,
    forms: Any,
    version: VersionForm,
    *,
    moves: list[preview.Moves] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    current = programme.settings_at(at=now)
    language = get_language() or "en"
    context = {
        "forms": forms,
        "version": version,
        "moves": moves,
        "current": current,
        "today": periods.day_of(now, current.zone),
        "sentences": wording_tiers.by_set(current, language=language),
        "presets": tier_presets.by_key().values(),
        **frame(request, "tiers:settings"),
    }
    return render(request, "tiers/settings.html", context, status=status)
