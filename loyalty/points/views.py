"""A member's points, for staff: statement, adjustment, undo, debt."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings as conf
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from config.lib import clock, formats, periods
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal, render_page_or_fragment, wants_fragment
from config.lib.ui import Choice, Crumb
from loyalty.points import acts, entries, queries, statement
from loyalty.points.forms import AdjustForm, AsOfForm, UndoForm, WriteOffForm
from loyalty.points.postings import Posted
from loyalty.points.statement import Moment
from members.access import queries as access
from members.access.http import requires, user_of
from members.approvals.models import Approval
from members.profiles.models import Member
from members.programme import queries as programme
from members.programme.rules import Settings

REFUSED = 422
STATEMENT = "points/statement.html"
_LAST = timedelta(microseconds=1)


def language() -> str:
    return get_language() or conf.LANGUAGE_CODE


def said(points: int) -> str:
    return formats.number(points, language=language())


def actor_of(request: HttpRequest) -> str:
    return f"user:{user_of(request).pk}"


def member_of(request: HttpRequest, number: str) -> Member:
    """The member with this number, if this person may see it."""
    store_ids = access.store_scope(user=user_of(request))
    return get_object_or_404(
        Member.objects.current().in_stores(store_ids), number=number
    )


def currency_of(request: HttpRequest, settings: Settings) -> str:
    """The point currency the address names; any other is the one orders earn."""
    asked = request.GET.get("currency", "")
    known = [one.key for one in settings.currencies]
    return asked if asked in known else known[0]


def crumbs(member: Member, *more: str) -> list[Crumb]:
    here = reverse("points:member", args=[member.number])
    path = [
        Crumb(_("Members"), reverse("insights:members")),
        Crumb(str(member), reverse("insights:member", args=[member.number])),
        Crumb(_("Points"), here if more else ""),
    ]
    return path + [Crumb(text) for text in more]


@requires("points.view")
@require_GET
def statement_page(request: HttpRequest, number: str) -> HttpResponse:
    """What a member has, why, and every entry; now or as it was, as it was known."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    today = periods.day_of(now, settings.zone)
    form = AsOfForm(request.GET, today=today)
    moment = Moment(now=now)
    if form.is_valid():
        moment = Moment(
            now=now,
            at=_end(form.cleaned_data["as_of"], settings, now),
            known_at=_end(form.cleaned_data["known_on"], settings, now),
        )
    currency = currency_of(request, settings)
    found = statement.of(
        member=member,
        currency=currency,
        moment=moment,
        before=statement.place_of(request.GET.get("before", "")),
        settings=settings,
    )
    context = {
        "crumbs": crumbs(member),
        "member": member,
        "form": form,
        "moment": moment,
        "today": today,
        "found": found,
        "older": _with(request, before=found.older) if found.older else "",
        "newest": _with(request, before="") if request.GET.get("before") else "",
        "currencies": _currencies(settings, currency),
        **_may(request),
    }
    status = 200 if form.is_valid() else 400
    return render_page_or_fragment(
        request, STATEMENT, "statement", context, status=status
    )


def _end(day: date | None, settings: Settings, now: datetime) -> datetime | None:
    """The last moment of a day, or now if it is not over."""
    if day is None:
        return None
    return min(periods.day_end(day, settings.zone) - _LAST, now)


def _with(request: HttpRequest, *, before: str) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    if before:
        query["before"] = before
    return f"?{query.urlencode()}"


def _currencies(settings: Settings, current: str) -> list[Choice]:
    keys = [one.key for one in settings.currencies]
    if len(keys) < 2:
        return []
    return [Choice(key, f"?currency={key}", current=key == current) for key in keys]


def _may(request: HttpRequest) -> dict[str, bool]:
    return {"may_adjust": "points.adjust" in user_of(request).words}


@requires("points.view")
@require_GET
def card(request: HttpRequest, number: str) -> HttpResponse:
    """The part the member page asks for; without script a link leads to the whole."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    account = queries.account_of(
        member_id=member.pk, currency=currency_of(request, settings)
    )
    context = {
        "member": member,
        "balance": queries.balance(account=account, at=now, settings=settings),
        "today": periods.day_of(now, settings.zone),
        "form": _adjust_form(None, settings=settings, now=now),
        **_may(request),
    }
    return render(request, "points/card.html", context)


def _adjust_form(
    data: Any, *, settings: Settings, now: datetime, points: str = ""
) -> AdjustForm:
    return AdjustForm(
        data,
        initial={"form": uuid4()},
        auto_id="adjust_%s",
        today=periods.day_of(now, settings.zone),
        limit=settings.adjustment_approval_above,
        language=language(),
    )


@requires("points.adjust")
@require_http_methods(["GET", "POST"])
def adjust_page(request: HttpRequest, number: str) -> HttpResponse:
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    data = request.POST if request.method == "POST" else None
    form = _adjust_form(data, settings=settings, now=now)
    if data is not None and form.is_valid():
        ends = form.cleaned_data["expires_on"]
        try:
            outcome = acts.adjust(
                member=member,
                points=form.cleaned_data["points"],
                reason=form.cleaned_data["reason"],
                expires_at=None if ends is None else _first_after(ends, settings),
                form=str(form.cleaned_data["form"]),
                by=actor_of(request),
                now=now,
                settings=settings,
                currency=currency_of(request, settings),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            tell_adjusted(request, member, form.cleaned_data["points"], outcome)
            return _done(request, member)
    context = {
        "crumbs": crumbs(member, _("Adjust points")),
        "member": member,
        "form": form,
    }
    return render_page_or_fragment(
        request,
        "points/adjust.html",
        "sheet",
        context,
        status=REFUSED if form.errors else 200,
    )


def _first_after(day: date, settings: Settings) -> datetime:
    return periods.day_end(day, settings.zone)


def tell_adjusted(
    request: HttpRequest, member: Member, points: int, outcome: Posted | Approval
) -> None:
    words = {"points": said(abs(points)), "member": member.number}
    if isinstance(outcome, Approval):
        text = _(
            "Awaiting approval by a second person: %(points)s points for %(member)s."
        )
        if points < 0:
            text = _(
                "Awaiting approval by a second person: %(points)s points from %(member)s."
            )
        messages.info(request, text % words)
        return
    text = _("Gave %(points)s points to %(member)s.")
    if points < 0:
        text = _("Took %(points)s points from %(member)s.")
    offer_undo(request, text % words, member.number, outcome.transfer_id)


def offer_undo(request: HttpRequest, text: str, number: str, entry: int) -> None:
    """A toast that stays, with a button that posts the reversal."""
    url = reverse("points:undo", args=[number, entry])
    messages.success(request, text, extra_tags=f"stays undo:{url}")


def _done(request: HttpRequest, member: Member) -> HttpResponse:
    url = reverse("points:member", args=[member.number])
    return HttpResponseClientRedirect(url) if wants_fragment(request) else redirect(url)


@requires("points.view")
@require_GET
def entry_page(request: HttpRequest, number: str, entry: int) -> HttpResponse:
    return _entry_page(request, member_of(request, number), entry, UndoForm())


def _entry_page(
    request: HttpRequest, member: Member, entry: int, form: UndoForm
) -> HttpResponse:
    found = entries.entry(member_id=member.pk, transfer_id=min(entry, 2**62))
    if found is None:
        raise Http404
    settings = programme.settings_at(at=clock.now())
    line = statement.line_of(found=found, settings=settings)
    context = {
        "crumbs": crumbs(member, line.kind.capitalize()),
        "member": member,
        "found": found,
        "line": line,
        "form": form,
        **_may(request),
    }
    status = REFUSED if form.errors else 200
    return render(request, "points/entry.html", context, status=status)


@requires("points.adjust")
@require_POST
def undo(request: HttpRequest, number: str, entry: int) -> HttpResponse:
    """Post the opposite of an entry; pressed twice it is done once."""
    now = clock.now()
    member = member_of(request, number)
    found = entries.transfer_of(member_id=member.pk, transfer_id=min(entry, 2**62))
    if found is None:
        raise Http404
    form = UndoForm(request.POST)
    if form.is_valid():
        try:
            outcome = acts.undo(
                member=member,
                entry=found,
                reason=form.cleaned_data["reason"],
                by=actor_of(request),
                now=now,
                settings=programme.settings_at(at=now),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            _tell_undone(request, member, found.points, outcome)
            return redirect("points:member", member.number)
    return _entry_page(request, member, entry, form)


def _tell_undone(
    request: HttpRequest, member: Member, points: int, outcome: acts.Undone | Approval
) -> None:
    words = {"points": said(points), "member": member.number}
    if isinstance(outcome, Approval):
        text = _(
            "Awaiting approval by a second person: undo of %(points)s points of "
            "%(member)s."
        )
        messages.info(request, text % words)
        return
    text = _("Undone: %(points)s points of %(member)s.")
    messages.success(request, text % words)


@requires("points.adjust")
@require_http_methods(["GET", "POST"])
def write_off_page(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for a debt to be given up; it is never done by one person."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    currency = currency_of(request, settings)
    account = queries.account_of(member_id=member.pk, currency=currency)
    owed = queries.balance(account=account, at=now, settings=settings).debt
    data = request.POST if request.method == "POST" else None
    form = WriteOffForm(data, initial={"points": owed, "form": uuid4()})
    if data is not None and form.is_valid():
        try:
            acts.ask_to_write_off(
                member=member,
                points=form.cleaned_data["points"],
                reason=form.cleaned_data["reason"],
                form=str(form.cleaned_data["form"]),
                by=actor_of(request),
                now=now,
                settings=settings,
                currency=currency,
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            text = _("Awaiting approval by a second person: debt of %(member)s.")
            messages.info(request, text % {"member": member.number})
            return redirect("points:debts")
    context = {
        "crumbs": crumbs(member, _("Write off debt")),
        "member": member,
        "form": form,
        "owed": owed,
    }
    status = REFUSED if form.errors else 200
    return render(request, "points/write_off.html", context, status=status)
