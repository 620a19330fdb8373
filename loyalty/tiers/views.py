"""A member's tiers, for staff: what is held and why, what it was, locks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.lib import clock, periods
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal
from config.lib.ui import Crumb
from loyalty.points.views import actor_of, member_of
from loyalty.tiers import locks, presenting, queries
from loyalty.tiers.forms import LockForm, UnlockForm
from loyalty.tiers.models import TierLock
from members.access.http import requires, user_of
from members.profiles.models import Member
from members.programme import queries as programme

REFUSED = 422
NOTICES = 5


@requires("points.view")
@require_GET
def member_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, member_of(request, number))


def _page(
    request: HttpRequest,
    member: Member,
    *,
    form: LockForm | None = None,
    unlock: tuple[int, UnlockForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    settings = programme.settings_at(at=now)
    found = queries.of_member(member_id=member.pk, at=now, settings=settings)
    context = {
        "crumbs": _crumbs(member),
        "member": member,
        "today": periods.day_of(now, settings.zone),
        "standings": presenting.standings(found, settings=settings),
        "history": presenting.history(
            queries.history(member_id=member.pk), settings=settings
        ),
        "notices": presenting.notices(
            queries.notices(member_id=member.pk, limit=NOTICES), settings=settings
        ),
        "locks": [
            {**line, "form": _unlock_form(line["row"].pk, unlock)}
            for line in presenting.locks(
                queries.locks(member_id=member.pk), at=now, settings=settings
            )
        ],
        "form": form or LockForm(sets=settings.tier_sets),
        "may_lock": "tiers.lock" in user_of(request).words,
    }
    return render(request, "tiers/member.html", context, status=status)


def _unlock_form(pk: int, sent: tuple[int, UnlockForm] | None) -> UnlockForm:
    if sent is not None and sent[0] == pk:
        return sent[1]
    return UnlockForm(auto_id=f"unlock_{pk}_%s")


def _crumbs(member: Member) -> list[Crumb]:
    return [
        Crumb(_("Members"), reverse("insights:members")),
        Crumb(str(member), reverse("insights:member", args=[member.number])),
        Crumb(_("Tiers")),
    ]


@requires("points.view")
@require_GET
def card(request: HttpRequest, number: str) -> HttpResponse:
    """The part the member page asks for; without script a link leads to the whole."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    found = queries.of_member(member_id=member.pk, at=now, settings=settings)
    context: dict[str, Any] = {
        "member": member,
        "today": periods.day_of(now, settings.zone),
        "standings": presenting.standings(found, settings=settings),
    }
    return render(request, "tiers/card.html", context)


@requires("tiers.lock")
@require_POST
def lock(request: HttpRequest, number: str) -> HttpResponse:
    """Keep a member in a tier or above until a day."""
    now = clock.now()
    member = member_of(request, number)
    settings = programme.settings_at(at=now)
    form = LockForm(request.POST, sets=settings.tier_sets)
    if form.is_valid():
        tier_set, tier, until, reason = form.told()
        try:
            locks.put(
                member_id=member.pk,
                tier_set=tier_set,
                tier=tier,
                until=until,
                reason=reason,
                actor=actor_of(request),
                now=now,
                settings=settings,
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Locked: nobody lowers this tier until then."))
            return redirect("tiers:member", member.number)
    return _page(request, member, form=form, status=REFUSED)


@requires("tiers.lock")
@require_POST
def unlock(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Take a lock off; what it alone kept is judged anew at once."""
    now = clock.now()
    member = member_of(request, number)
    found = get_object_or_404(TierLock, pk=min(pk, 2**62), member=member)
    form = UnlockForm(request.POST, auto_id=f"unlock_{found.pk}_%s")
    if form.is_valid():
        try:
            locks.take_off(
                lock_id=found.pk,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=now,
                settings=programme.settings_at(at=now),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The lock was taken off."))
            return redirect("tiers:member", member.number)
    return _page(request, member, unlock=(found.pk, form), status=REFUSED)
