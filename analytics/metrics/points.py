"""What points cost: what is owed, what will lapse, what revenue waits for it.

Written on the roll-up of points; the arithmetic is `loyalty.liability.rules`, which the
night and the page of the liability use too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import rules, state
from analytics.metrics.base import Metric, Question, Reading, Value
from analytics.metrics.enums import Span, Unit
from loyalty.liability import cohorts
from loyalty.liability import rules as liability
from loyalty.liability.cohorts import Breakage, Cell
from loyalty.liability.rules import Contract

CUTS = {"expiry": "expires_in", "cohort": "cohort", "source": "source"}
_KEYS = ("day", "cohort", "source", "move", "value")


def _moves(q: Question, *, every_currency: bool = False) -> ir.Table:
    """The moves up to as_of, of the currency that orders earn."""
    table = q.facts.points
    if table is None:
        raise ValueError("these facts were opened without points")
    if every_currency:
        return table
    return table.filter(table.currency == q.facts.settings.currencies[0].key)


def _cells(q: Question) -> tuple[list[Cell], int]:
    """The moves as the arithmetic takes them, and how many entries they are."""
    table = _moves(q)
    found = state.rows(
        table.filter(table.move != "activated")
        .group_by(*_KEYS)
        .agg(
            points=lambda t: t.points.sum().cast("int64"),
            price=lambda t: t.price.sum().cast("int64"),
            entries=lambda t: t.entries.sum().cast("int64"),
        )
    )
    entries = sum(row.pop("entries") for row in found)
    return [Cell(**row) for row in found], entries


def read_liability(q: Question) -> Reading:
    rows = state.rows(_sums(_moves(q)))
    total = rows[0] if rows else {}
    n = int(total.get("entries") or 0)
    if not n:
        return Reading(value=None, n=0)
    points = int(total["points"])
    return Reading(
        value=points,
        n=n,
        numerator=points,
        rows=tuple(_liability_rows(q)),
        extra={
            "currency": q.facts.settings.currencies[0].key,
            "money": _face(q, points),
            "pending": int(total["pending"]),
            "available": points - int(total["pending"]),
        },
    )


def _sums(table: ir.Table, *by: str) -> ir.Table:
    aggregates = {
        "points": table.points.sum().cast("int64"),
        "pending": table.points.sum(where=table.pending).fill_null(0).cast("int64"),
        "entries": table.entries.sum().cast("int64"),
    }
    if not by:
        return table.agg(**aggregates)
    return table.group_by(*by).agg(**aggregates)


def _liability_rows(q: Question) -> list[dict[str, Value]]:
    if q.by is None:
        return []
    if q.by == "month":
        return _by_month(q)
    name = CUTS.get(q.by, q.by)
    table = _moves(q, every_currency=q.by == "currency")
    found = state.rows(_sums(table, name))
    named = [(_name(row[name]), row) for row in found if row["points"]]
    named.sort(key=lambda one: (one[0] is None, str(one[0])))
    return [_row(q, cell, row["points"], row["pending"]) for cell, row in named]


def _by_month(q: Question) -> list[dict[str, Value]]:
    """What was owed at the end of every month, the last one as of the day."""
    table = _moves(q)
    found = state.rows(_sums(table.mutate(month=table.day.truncate("M")), "month"))
    moved = {row["month"]: row for row in found}
    if not moved:
        return []
    rows, points, pending = [], 0, 0
    first, last = min(moved), rules.month_of(q.facts.as_of)
    for k in range(rules.months_between(first, last) + 1):
        month = rules.month_after(first, k)
        if month in moved:
            points += moved[month]["points"]
            pending += moved[month]["pending"]
        rows.append(_row(q, f"{month:%Y-%m}", points, pending))
    return rows


def _row(q: Question, name: Value, points: int, pending: int) -> dict[str, Value]:
    return {
        str(q.by): name,
        "value": points,
        "money": _face(q, points),
        "pending": pending,
        "available": points - pending,
    }


def _name(cell: Any) -> Value:
    return f"{cell:%Y-%m}" if isinstance(cell, date) else cell


def _face(q: Question, points: int) -> str:
    settings = q.facts.settings
    minor = points * Fraction(settings.point_value) * 10**settings.exponent
    return rules.money(minor, exponent=settings.exponent)


def _months(cells: list[Cell], as_of: date) -> list[date]:
    """The ends of the months with points, and the day itself."""
    first = cohorts.month_of(min(cell.day for cell in cells))
    ends = range(first, cohorts.month_of(as_of))
    return [*(cohorts.last_day(month) for month in ends), as_of]


def read_breakage(q: Question) -> Reading:
    cells, n = _cells(q)
    if not cells:
        return Reading(value=None, n=0)
    as_of = q.facts.as_of
    days = _months(cells, as_of) if q.by == "month" else [as_of]
    rows, found = [], None
    for day, _sum, walk in liability.walked(
        cells, days=days, exponent=q.facts.settings.exponent
    ):
        found = walk.breakage()
        if q.by == "month":
            rows.append({"month": f"{day:%Y-%m}", **_breakage(found)})
        if q.by == "cohort":
            lapsing = walk.lapsing()
            rows = [
                {
                    "cohort": f"{cohorts.first_day(one.month):%Y-%m}",
                    "value": lapsing[one.month] / one.net if one.net > 0 else None,
                    "given": one.net,
                    "spent": one.spent,
                    "expired": one.lapsed,
                    "open": one.open,
                }
                for one in walk.all_cohorts()
            ]
    if found is None or found.rate is None:
        return Reading(value=None, n=0)
    return Reading(
        value=found.rate,
        n=n,
        numerator=found.rate * found.given,
        denominator=found.given,
        rows=tuple(rows),
        extra={
            name: value for name, value in _breakage(found).items() if name != "value"
        },
    )


def _breakage(found: Breakage) -> dict[str, Value]:
    return {
        "value": found.rate,
        "low": found.low,
        "high": found.high,
        "given": found.given,
        "spent": found.spent,
        "expired": found.lapsed,
        "open": found.open,
        "cohorts": found.cohorts,
        "unseen": found.unseen,
        "enough": found.enough,
    }


def read_deferred(q: Question) -> Reading:
    cells, n = _cells(q)
    if not any(cell.source == liability.PURCHASE for cell in cells):
        return Reading(value=None, n=0)
    settings, as_of = q.facts.settings, q.facts.as_of
    days = _months(cells, as_of) if q.by == "month" else [as_of]
    rows: list[Mapping[str, Value]] = []
    contracts: list[Contract] = []
    provision = 0
    for day, _sum, walk in liability.walked(
        cells, days=days, exponent=settings.exponent
    ):
        contracts, provision = walk.contracts(), walk.provision()
        if q.by == "month":
            rows.append({"month": f"{day:%Y-%m}", **_deferred(q, contracts)})
    if q.by == "cohort":
        rows = [
            {
                "cohort": f"{cohorts.first_day(one.month):%Y-%m}",
                **_deferred(q, [one]),
                "redeemed": one.redeemed,
                "expected": one.expected,
            }
            for one in contracts
        ]
    told = _deferred(q, contracts)
    return Reading(
        value=told["value"],
        n=n,
        numerator=told["recognised"],
        denominator=told["allocated"],
        rows=tuple(rows),
        extra={
            "allocated": told["allocated"],
            "recognised": told["recognised"],
            "provision": rules.money(provision, exponent=settings.exponent),
        },
    )


def _deferred(q: Question, contracts: list[Contract]) -> dict[str, Value]:
    sums: dict[str, int] = defaultdict(int)
    for one in contracts:
        sums["allocated"] += one.allocated
        sums["recognised"] += one.recognised
    exponent = q.facts.settings.exponent
    return {
        "value": rules.money(sums["allocated"] - sums["recognised"], exponent=exponent),
        "allocated": rules.money(sums["allocated"], exponent=exponent),
        "recognised": rules.money(sums["recognised"], exponent=exponent),
    }


METRICS = (
    Metric(
        name="points_liability",
        version=1,
        title=_("Points liability"),
        words=_(
            "Points that members hold at the end of the day, pending ones and those on "
            "hold included, in the point currency that orders earn. By month: at the end "
            "of each month; by expiry: the month of their last valid day, null for points "
            "without end. Money is what all of them would pay. Debts of members are not "
            "deducted."
        ),
        formula="sum(earned - reversed - spent + restored - expired ± adjusted)",
        source=("points",),
        grain="day",
        unit=Unit.COUNT,
        base=_("entries of lots up to the day"),
        span=Span.POINT,
        dimensions=("month", "expiry", "cohort", "source", "currency"),
        read=read_liability,
    ),
    Metric(
        name="breakage_rate",
        version=1,
        title=_("Breakage rate"),
        words=_(
            "Share of points given, net of those taken back, that will never be redeemed: "
            "expired so far, and of the open ones those the cohorts before let lapse at "
            "the same ages. Low and high are its range; enough is false where cohorts are "
            "too few or too young to say. By cohort: by the month the points were earned."
        ),
        formula="(expired + Σ open(i) · (1 - redeems(age(i)))) / (given - taken back)",
        source=("points",),
        grain="cohort",
        unit=Unit.RATE,
        base=_("entries of lots up to the day"),
        span=Span.POINT,
        dimensions=("month", "cohort"),
        read=read_breakage,
    ),
    Metric(
        name="deferred_revenue",
        version=1,
        title=_("Deferred revenue"),
        words=_(
            "Revenue of goods that was allocated to the points sold with them and is not "
            "recognised yet (IFRS 15): allocated by stand-alone prices, recognised in "
            "proportion to points redeemed over points expected to be redeemed. Points "
            "given without a purchase are marketing cost; their provision stands beside."
        ),
        formula="Σ allocated(i) · (1 - redeemed(i) / expected(i))",
        source=("points", "orders"),
        grain="cohort",
        unit=Unit.MONEY,
        base=_("entries of lots up to the day"),
        span=Span.POINT,
        dimensions=("month", "cohort"),
        read=read_deferred,
    ),
)
