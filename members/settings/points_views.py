from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib import clock, periods
from config.lib.errors import DomainError
from members.access.http import requires, user_of
from members.programme import queries as programme
from members.programme import wording, wording_staff
from members.programme.models import ProgrammeVersion
from members.programme.services import StaleVersion
from members.settings import drafts, services
from members.settings.frame import after_publishing, frame
from members.settings.points_forms import PointsForm, initial_of

REFUSED = 422
SHOWN = 20


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def points_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return publish_points(request)
    return _page(request, PointsForm(initial=initial_of(programme.latest())))


@requires("settings.edit")
def publish_points(request: HttpRequest) -> HttpResponse:
    form = PointsForm(request.POST)
    if form.is_valid():
        at = clock.now()
        if "draft" in request.POST:
            return _draft(request, form, at)
        try:
            published = services.publish_programme(
                values=form.settings(),
                based_on=form.cleaned_data["based_on"],
                effective_from=begins_on(form.cleaned_data["effective_on"], at=at)
                or at,
                note=form.cleaned_data["note"],
                by=drafts.actor_of(user_of(request)),
                at=at,
            )
        except StaleVersion:
            form = _again(request, form.cleaned_data["based_on"])
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return after_publishing(request, published, "settings:points")
    return _page(request, form, status=REFUSED)


def _draft(request: HttpRequest, form: PointsForm, at: datetime) -> HttpResponse:
    """What was typed becomes a draft, to be replayed and talked about first."""
    told = form.cleaned_data
    try:
        draft = drafts.make(
            title=told["note"][:80] or services.TITLE,
            values=form.settings(),
            effective_from=begins_on(told["effective_on"], at=at),
            note=told["note"],
            by=drafts.actor_of(user_of(request)),
            at=at,
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return _page(request, form, status=REFUSED)
    return redirect("settings:draft", draft.pk)


def begins_on(day: date | None, *, at: datetime) -> datetime | None:
    """A day begins with its first moment, today with the one that it is."""
    if day is None:
        return None
    zone = programme.latest().zone
    if day == periods.day_of(at, zone):
        return at
    return periods.day_start(day, zone)


def _again(request: HttpRequest, seen: int) -> PointsForm:
    """The form as it was sent, now for the version published meanwhile: it keeps what
    was typed, says what became otherwise, and can be sent again."""
    latest = programme.latest()
    data = request.POST.copy()
    data["based_on"] = str(latest.number)
    form = PointsForm(data)
    form.full_clean()
    before = programme.versions().filter(number=seen).first()
    seen_settings = programme.parsed(before) if before else latest
    language = get_language() or "en"
    found = wording_staff.all_changes(seen_settings, latest, language=language)
    told = [text for change in found for text in change.after]
    text = _(
        "Somebody published version %(number)s meanwhile. Nothing you typed is lost: "
        "look at what is new and publish again, and yours replaces it."
    )
    form.add_error(None, text % {"number": latest.number})
    for sentence in told:
        form.add_error(None, sentence)
    return form


def _page(request: HttpRequest, form: PointsForm, *, status: int = 200) -> HttpResponse:
    language = get_language() or "en"
    now = clock.now()
    found = list(programme.versions().select_related("created_by")[: SHOWN + 1])
    current = programme.settings_at(at=now)
    told = wording.sentences(current, language=language)
    context = {
        "form": form,
        "current": current,
        "coming": [
            one for one in found if one.effective_from and one.effective_from > now
        ],
        "for_members": [one for one in told if not one.for_staff],
        "for_staff": [one for one in told if one.for_staff],
        "versions": _versions(found, language),
        **frame(request, "settings:points"),
    }
    return render(request, "settings/points.html", context, status=status)


def _versions(found: list[ProgrammeVersion], language: str) -> list[dict[str, Any]]:
    """Each version with what it says otherwise than the one before."""
    before = [*map(programme.parsed, found[1:]), None]
    return [
        {
            "version": version,
            "changes": wording_staff.all_changes(
                old, programme.parsed(version), language=language
            )
            if old
            else [],
            "first": old is None and version.number == 1,
        }
        for version, old in list(zip(found, before, strict=True))[:SHOWN]
    ]
