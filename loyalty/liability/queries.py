"""Reads of the roll-ups, and of lots as they lay at a moment. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Max, Min, Sum

from loyalty.liability import rollup, rules
from loyalty.liability.cohorts import Cell
from loyalty.liability.models import (
    JournalPeriod,
    LiabilityCell,
    LiabilityDay,
    LiabilityRun,
)
from loyalty.liability.rules import Sums
from loyalty.points import kernel
from members.programme import queries as programme
from members.programme.rules import Settings

# Lots as they lay at a moment, by what happened until then.
LOTS_THEN = """
SELECT l.account_id, l.points - coalesce(x.taken, 0) AS remaining, l.earned_at,
       l.available_at, l.expires_at, t.kind = 'earn' AS sold
  FROM loyalty_lot l
  JOIN loyalty_transfer t ON t.id = l.transfer_id
  LEFT JOIN (SELECT lot_id, sum(points) AS taken FROM loyalty_allocation
              WHERE occurred_at <= %(at)s GROUP BY lot_id) x ON x.lot_id = l.id
 WHERE t.currency = %(currency)s AND t.occurred_at <= %(at)s
"""

_OF_LOTS = """
SELECT date_trunc('month', earned_at AT TIME ZONE %(zone)s)::date AS cohort,
       date_trunc('month', (expires_at - interval '1 microsecond') AT TIME ZONE %(zone)s)::date
           AS expires_in,
       sold, coalesce(available_at > %(at)s, true) AS pending,
       sum(remaining)::bigint AS points, count(DISTINCT account_id) AS members
  FROM ({lots}) lots
 WHERE remaining > 0 AND (expires_at IS NULL OR expires_at > %(at)s)
 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2 NULLS LAST, 3, 4
"""


@dataclass(frozen=True, kw_only=True)
class Lying:
    """Open points of a set of lots: one cohort, end, kind and state."""

    cohort: date
    expires_in: date | None
    sold: bool
    pending: bool
    points: int
    members: int


def liability_of_lots(
    *,
    at: datetime,
    zone: str,
    lots: str = LOTS_THEN,
    told: Mapping[str, Any] | None = None,
) -> list[Lying]:
    """What a set of lots owes at a moment, in one statement.

    `lots` is a SELECT with the columns of `LOTS_THEN`, whatever table it reads: the
    books, or a draft's lots of a replay. Lots that have ended by then owe nothing.
    """
    sql = _OF_LOTS.replace("{lots}", lots)
    rows = kernel.run(sql, {**(told or {}), "at": at, "zone": zone})
    return [Lying(**row) for row in rows]


def money_of(*, points: int | Fraction, settings: Settings) -> int:
    """Face value in minor units, half to even: what all of them would pay."""
    units = Fraction(points) * Fraction(settings.point_value)
    return round(units * Fraction(10**settings.exponent))


def latest_run() -> LiabilityRun | None:
    return LiabilityRun.objects.order_by("-pk").first()


def seen() -> dict[str, int]:
    return dict(kernel.run(rollup.SEEN, {})[0])


def point_values() -> tuple[list[date], list[int]]:
    """From which local day a point was worth how many millionths of the currency."""
    days, values = [], []
    for begins, settings in programme.timeline():
        days.append(begins.astimezone(settings.zone).date() if begins else date.min)
        values.append(round(settings.point_value * rules.MICROS))
    return days, values


def cells(*, currency: str, until: date) -> list[Cell]:
    """The cohorts' moves up to a day, without the ends of lots and their state."""
    found = (
        LiabilityCell.objects.filter(currency=currency, day__lte=until)
        .exclude(move="activated")
        .values("day", "cohort", "source", "move", "value")
        .annotate(total=Sum("points"), paid=Sum("price"))
        .order_by("day")
        .values_list("day", "cohort", "source", "move", "total", "paid", "value")
    )
    return [Cell(*row) for row in found.iterator(chunk_size=10_000)]


@dataclass(frozen=True, kw_only=True)
class Open:
    """Points that lie in lots at the end of a day."""

    cohort: date
    expires_in: date | None
    source: str
    points: int


def open_points(*, currency: str, at_end_of: date) -> list[Open]:
    rows = (
        LiabilityCell.objects.filter(currency=currency, day__lte=at_end_of)
        .values("cohort", "expires_in", "source")
        .annotate(total=Sum("points"))
        .exclude(total=0)
        .order_by("cohort", "expires_in", "source")
    )
    return [
        Open(
            cohort=row["cohort"],
            expires_in=row["expires_in"],
            source=row["source"],
            points=row["total"],
        )
        for row in rows
    ]


def days(*, currency: str, first: date, last: date) -> list[LiabilityDay]:
    rows = LiabilityDay.objects.filter(currency=currency, day__range=(first, last))
    return list(rows.order_by("day"))


def extent(*, currency: str) -> tuple[date, date] | None:
    """The first and the last day of a currency's roll-forward."""
    found = LiabilityDay.objects.filter(currency=currency).aggregate(
        first=Min("day"), last=Max("day")
    )
    return (found["first"], found["last"]) if found["first"] else None


def sums_of(day: LiabilityDay) -> Sums:
    return Sums(
        allocated=day.allocated_minor,
        redeemed=day.redeemed_minor,
        estimate=day.estimate_minor,
        cost=day.cost_minor,
        rewards=day.rewards_minor,
    )


def sums_at(*, currency: str, day: date) -> Sums:
    """Amounts since the beginning at a day's end; nothing before the first day."""
    row = (
        LiabilityDay.objects.filter(currency=currency, day__lte=day)
        .order_by("-day")
        .first()
    )
    return sums_of(row) if row else Sums()


def periods(*, currency: str) -> list[JournalPeriod]:
    return list(JournalPeriod.objects.filter(currency=currency).order_by("-month"))


def closed_day(run: LiabilityRun) -> date:
    """The last whole day a run knows: it was made on the day after."""
    return run.last_day - timedelta(days=1)
