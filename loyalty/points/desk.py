"""Pages about everybody's points: today and the last 30 days, and who owes."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.lib import clock, periods
from config.lib.htmx import render_page_or_fragment
from config.lib.ui import Choice, Crumb
from loyalty.points import approvals, figures, statement, totals
from loyalty.points.totals import Ages, Reach
from loyalty.points.views import currency_of, language, said
from members.access import queries as access
from members.access.http import requires, user_of
from members.approvals.enums import ApprovalState
from members.approvals.models import Approval
from members.programme import queries as programme
from members.programme.rules import Settings

PAGE = 50


def _reach(request: HttpRequest, settings: Settings) -> Reach:
    return Reach(
        currency=currency_of(request, settings),
        stores=access.store_scope(user=user_of(request)),
    )


@requires("points.view")
@require_GET
def today_page(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    settings = programme.settings_at(at=now)
    reach = _reach(request, settings)
    context = {
        "crumbs": [Crumb(_("Points"))],
        "limited": reach.stores is not None,
        **figures.today(reach=reach, settings=settings, now=now, language=language()),
    }
    return render(request, "points/today.html", context)


@requires("points.view")
@require_GET
def debts_page(request: HttpRequest) -> HttpResponse:
    """Members who owe points, the oldest debt first."""
    now = clock.now()
    settings = programme.settings_at(at=now)
    reach = _reach(request, settings)
    starts = figures.band_starts(now, settings)
    chosen = request.GET.get("age", "")
    band = int(chosen) if chosen in {"0", "1", "2", "3"} else None
    rows = totals.debtors(
        reach=reach,
        ages=_ages(band, starts),
        limit=PAGE + 1,
        after=statement.place_of(request.GET.get("after", "")),
    )
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    tail = f"age={chosen}&" if band is not None else ""
    place = statement.place(last.oldest, last.account_id) if last else ""
    asked = _asked([one.member_id for one in shown])
    bands = totals.bands(reach=reach, starts=starts)
    context = {
        "crumbs": [Crumb(_("Points"), reverse("points:today")), Crumb(_("Debts"))],
        "rows": [
            (one, (now - one.oldest).days, one.member_id in asked) for one in shown
        ],
        "older": f"?{tail}after={place}" if last else "",
        "bands": [
            Choice(_("All"), reverse("points:debts"), current=band is None),
            *_choices(bands, band),
        ],
        "owed": sum(one.points for one in bands),
        "members": sum(one.members for one in bands),
        "today": periods.day_of(now, settings.zone),
        "may_adjust": "points.adjust" in user_of(request).words,
    }
    return render_page_or_fragment(request, "points/debts.html", "debts", context)


def _ages(band: int | None, starts: list[datetime]) -> Ages:
    """Band n lies before `starts[n - 1]` and not before `starts[n]`."""
    if band is None:
        return Ages(since=None, until=None)
    return Ages(
        since=starts[band] if band < len(starts) else None,
        until=starts[band - 1] if band else None,
    )


def _choices(bands: list[totals.Band], current: int | None) -> list[Choice]:
    counts = {one.band: one.members for one in bands}
    return [
        Choice(f"{text} · {said(counts.get(n, 0))}", f"?age={n}", current=n == current)
        for n, text in enumerate(figures.band_names())
    ]


def _asked(members: list[int]) -> set[int]:
    """Those of the members whose debt somebody has asked to write off."""
    waiting = Approval.objects.filter(
        kind=approvals.WRITE_OFF,
        state=ApprovalState.PENDING,
        payload__member__in=members,
    )
    return set(waiting.values_list("payload__member", flat=True))
