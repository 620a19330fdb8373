"""The page of what points cost, the entries behind a day, and the journal."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.lib import clock, periods
from config.lib.errors import DomainError
from config.lib.ui import Choice, Crumb
from loyalty.liability import (
    entries,
    figures,
    journal,
    queries,
    report,
    services,
    tables,
)
from loyalty.liability.forms import AsOfForm, JournalForm
from loyalty.liability.wording import Voice
from loyalty.points.views import actor_of, currency_of, language
from members.access import queries as access
from members.access.http import requires, user_of
from members.audit import services as audit
from members.programme import queries as programme
from members.programme.rules import Settings

REFUSED = 422
BROKEN_SHOWN = 20
MONTHS_SHOWN = 12


@requires("liability.view")
@require_GET
def liability_page(request: HttpRequest) -> HttpResponse:
    """Everything as of the end of a day; the last whole one unless another is asked."""
    settings = programme.settings_at(at=clock.now())
    run = queries.latest_run()
    limited = access.store_scope(user=user_of(request)) is not None
    form = AsOfForm(request.GET)
    context: dict[str, Any] = {
        "crumbs": [Crumb(_("Points"), reverse("points:today")), Crumb(_("Liability"))],
        "run": run,
        "limited": limited,
        "form": form,
        "found": False,
    }
    if run is None or limited or not form.is_valid():
        return render(request, "liability/page.html", context, status=_status(form))
    context["broken"] = run.broken[:BROKEN_SHOWN]
    asked = form.cleaned_data["as_of"] or queries.closed_day(run)
    context |= _report(request, settings, min(asked, run.last_day))
    return render(request, "liability/page.html", context)


def _status(form: AsOfForm) -> int:
    return 200 if form.is_valid() else REFUSED


def _report(request: HttpRequest, settings: Settings, as_of: date) -> dict[str, Any]:
    currency = currency_of(request, settings)
    by = "day" if request.GET.get("by") == "day" else "month"
    months = periods.add_months(as_of.replace(day=1), 1 - figures.MONTHS)
    first = as_of - timedelta(days=figures.DAYS - 1) if by == "day" else months
    days = queries.days(currency=currency, first=first, last=as_of)
    if not days:
        return {}
    said = Voice(language=language(), settings=settings)
    found = report.of(today=days[-1], settings=settings)
    lines = report.lines(days=days, by=by)
    return {
        "found": True,
        "as_of": found.as_of,
        "currency": currency,
        "currencies": _currencies(settings, currency),
        "windows": _windows(by, currency),
        "kpis": figures.kpis(found, said),
        "roll": figures.roll_chart(lines, said, by=by),
        "trend": figures.trend(found, said),
        "triangle": tables.triangle(found, said),
        "breakage": found.breakage,
        "breakage_facts": tables.breakage_facts(found, said),
        "forecast": figures.forecast(found, said),
        "at_risk": figures.at_risk(found, said),
        "contracts": tables.contracts(found, said),
        "sources": tables.sources(found, said),
        "journal": _months(currency, found.as_of),
        "may_close": "liability.close" in user_of(request).words,
        **_notes(found, lines),
    }


def _notes(found: report.Report, lines: list[report.Line]) -> dict[str, Any]:
    until = _("from the first point on")
    return {
        "roll_note": figures.note(
            found,
            _("from %(first)s") % {"first": lines[0].first.isoformat()},
            _("entries of members’ accounts"),
            sum(one.entries for one in lines),
        ),
        "state_note": figures.note(
            found,
            until,
            _("points of members that are open"),
            found.today.pending + found.today.active,
            "points_liability v1",
        ),
        "breakage_note": figures.note(
            found,
            until,
            _("points given, less those taken back"),
            found.breakage.given,
            "breakage_rate v1",
        ),
        "deferred_note": figures.note(
            found,
            until,
            _("points redeemed of those sold with goods"),
            sum(one.redeemed for one in found.contracts),
            "deferred_revenue v1",
        ),
    }


def _currencies(settings: Settings, current: str) -> list[Choice]:
    if len(settings.currencies) < 2:
        return []
    return [
        Choice(one.key, f"?currency={one.key}", current=one.key == current)
        for one in settings.currencies
    ]


def _windows(by: str, currency: str) -> list[Choice]:
    return [
        Choice(text, f"?by={name}&currency={currency}", current=name == by)
        for name, text in (("month", _("24 months")), ("day", _("31 days")))
    ]


def _months(currency: str, as_of: date) -> list[dict[str, Any]]:
    """The months the journal can be had of, the newest first, and what each one is."""
    closed = {row.month: row for row in queries.periods(currency=currency)}
    extent = queries.extent(currency=currency)
    first = extent[0].replace(day=1) if extent else as_of
    found: list[dict[str, Any]] = []
    month = as_of.replace(day=1)
    due = journal.next_month(max(closed)) if closed else None
    while month >= first and len(found) < MONTHS_SHOWN:
        row = closed.get(month)
        over = journal.month_end(month) <= as_of
        found.append(
            {
                "month": month,
                "closed": row,
                "open": not over,
                "due": row is None and over and due in {None, month},
                "there": row is not None or due in {None, month},
            }
        )
        month = periods.add_months(month, -1)
    return found


@requires("liability.view")
@require_GET
def day_page(request: HttpRequest, day: date) -> HttpResponse:
    """The entries behind a line of the roll-forward, in the order they happened."""
    settings = programme.settings_at(at=clock.now())
    if access.store_scope(user=user_of(request)) is not None:
        raise Http404
    page = entries.of_day(
        currency=currency_of(request, settings),
        day=day,
        zone=settings.zone,
        after=request.GET.get("after", ""),
    )
    context = {
        "crumbs": [
            Crumb(_("Points"), reverse("points:today")),
            Crumb(_("Liability"), reverse("liability:page")),
            Crumb(day.isoformat()),
        ],
        "day": day,
        "page": page,
        "currency": currency_of(request, settings),
    }
    return render(request, "liability/day.html", context)


@requires("liability.view")
@require_POST
def journal_file(request: HttpRequest) -> HttpResponse:
    """The journal of a month as CSV; a POST, because who took it is written down."""
    asked, currency = _asked(request)
    period = services.draft_of(currency=currency, month=asked["month"], at=clock.now())
    audit.record(
        actor=user_of(request),
        action="liability.journal",
        target=f"month:{asked['month']:%Y-%m}",
        details={"currency": currency, "by": asked["by"], "closed": period.closed},
        at=clock.now(),
    )
    text = journal.as_csv(period=period, currency=currency, by=asked["by"])
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"points-journal-{currency}-{asked['month']:%Y-%m}-{asked['by']}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires("liability.close")
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Book a month: from now on its journal is the same file."""
    asked, currency = _asked(request)
    month = f"{asked['month']:%Y-%m}"
    try:
        services.close_month(
            currency=currency,
            month=asked["month"],
            by=actor_of(request),
            at=clock.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal), extra_tags="stays")
    else:
        messages.success(request, _("Closed %(month)s.") % {"month": month})
    return redirect(f"{reverse('liability:page')}?currency={currency}")


class BadMonth(DomainError):
    code = "bad_month"
    field = "month"


def _asked(request: HttpRequest) -> tuple[dict[str, Any], str]:
    if access.store_scope(user=user_of(request)) is not None:
        raise Http404
    form = JournalForm(request.POST)
    if not form.is_valid():
        raise BadMonth(
            " ".join(str(text) for found in form.errors.values() for text in found)
        )
    settings = programme.settings_at(at=clock.now())
    known = [one.key for one in settings.currencies]
    asked = request.POST.get("currency", "")
    return form.cleaned_data, asked if asked in known else known[0]
