"""A member's tiers, for staff: what is held and why, history, locks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.lib import clock, formats
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal
from config.lib.ui import Crumb
from loyalty.points.views import REFUSED, actor_of, language, member_of
from loyalty.tiers import locks, queries, services, shapes
from loyalty.tiers.enums import TierReason
from loyalty.tiers.forms import LockForm, ReleaseForm
from loyalty.tiers.models import TierLock, TierMembership
from loyalty.tiers.queries import Standing
from members.access.http import requires, user_of
from members.profiles.models import Member
from members.programme import queries as programme
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A member in one set, in words."""

    standing: Standing
    why: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    row: TierMembership
    tier_set: str
    tier: str
    previous: str
    why: str


def crumbs(member: Member, *more: str) -> list[Crumb]:
    here = reverse("tiers:member", args=[member.number])
    path = [
        Crumb(_("Members"), reverse("insights:members")),
        Crumb(str(member), reverse("insights:member", args=[member.number])),
        Crumb(_("Tiers"), here if more else ""),
    ]
    return path + [Crumb(text) for text in more]


@requires("members.view")
@require_GET
def member_page(request: HttpRequest, number: str) -> HttpResponse:
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    context = {
        "crumbs": crumbs(member),
        **_context(request, member, settings, now),
        "history": [
            _entry(row, settings) for row in queries.history(member_id=member.pk)
        ],
    }
    return render(request, "tiers/member.html", context)


@requires("members.view")
@require_GET
def card(request: HttpRequest, number: str) -> HttpResponse:
    """The part the member page asks for; without script a link leads to the whole."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    return render(request, "tiers/card.html", _context(request, member, settings, now))


def _context(
    request: HttpRequest, member: Member, settings: Settings, now: datetime
) -> dict[str, Any]:
    found = queries.of_member(member_id=member.pk, at=now, settings=settings)
    return {
        "member": member,
        "today": services.today_of(at=now, settings=settings),
        "sets": [_shown(one, settings) for one in found],
        "may_lock": "tiers.lock" in user_of(request).words,
    }


def _shown(one: Standing, settings: Settings) -> Shown:
    why = str(TierReason(one.row.reason).label) if one.row else ""
    return Shown(standing=one, why=why, missing=_missing(one, settings))


def _missing(one: Standing, settings: Settings) -> str:
    """What the next tier takes, as one sentence."""
    if one.next is None:
        return _("The highest tier.")
    basis = one.next.tier.basis
    if basis == "metric":
        return _("%(tier)s follows the nightly valuation.") % {
            "tier": one.next.tier.name
        }
    if basis == "spend":
        minor = int(one.next.missing.scaleb(settings.exponent))
        amount = formats.money(
            minor,
            currency=settings.currency,
            exponent=settings.exponent,
            language=language(),
        )
    else:
        points = formats.number(
            int(shapes.amount(one.next.missing, basis, settings)), language=language()
        )
        amount = _("%(points)s points") % {"points": points}
    words = {"amount": amount, "tier": one.next.tier.name}
    return _("%(amount)s to %(tier)s") % words


def _entry(row: TierMembership, settings: Settings) -> Entry:
    """Names as they are now; what a later version took away keeps its key."""
    known = next((one for one in settings.tier_sets if one.key == row.tier_set), None)
    names = {tier.key: tier.name for tier in known.tiers} if known else {}
    return Entry(
        row=row,
        tier_set=known.name if known else row.tier_set,
        tier=names.get(row.tier, row.tier),
        previous=names.get(row.previous, row.previous),
        why=str(TierReason(row.reason).label),
    )


@requires("tiers.lock")
@require_http_methods(["GET", "POST"])
def lock_page(request: HttpRequest, number: str) -> HttpResponse:
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    if not settings.tier_sets:
        raise Http404
    today = services.today_of(at=now, settings=settings)
    data = request.POST if request.method == "POST" else None
    form = LockForm(data, today=today, sets=settings.tier_sets)
    if data is not None and form.is_valid():
        tier_set, _slash, tier = form.cleaned_data["tier"].partition("/")
        try:
            locks.put(
                member_id=member.pk,
                tier_set=tier_set,
                tier=tier,
                until=form.cleaned_data["until"],
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=now,
                settings=settings,
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            text = _("Locked: the tier of %(member)s.")
            messages.success(request, text % {"member": member.number})
            return redirect("tiers:member", member.number)
    context = {
        "crumbs": crumbs(member, _("Lock tier")),
        "member": member,
        "form": form,
    }
    status = REFUSED if form.errors else 200
    return render(request, "tiers/lock.html", context, status=status)


@requires("tiers.lock")
@require_http_methods(["GET", "POST"])
def release_page(request: HttpRequest, number: str, lock: int) -> HttpResponse:
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    found = TierLock.objects.filter(member_id=member.pk, pk=min(lock, 2**62)).first()
    if found is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ReleaseForm(data)
    if data is not None and form.is_valid():
        try:
            locks.take_off(
                lock_id=found.pk,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=now,
                settings=settings,
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            text = _("The lock of %(member)s was taken off.")
            messages.success(request, text % {"member": member.number})
            return redirect("tiers:member", member.number)
    context = {
        "crumbs": crumbs(member, _("Take lock off")),
        "member": member,
        "found": found,
        "form": form,
    }
    status = REFUSED if form.errors else 200
    return render(request, "tiers/release.html", context, status=status)
