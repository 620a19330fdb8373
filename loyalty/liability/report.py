"""What the page of the liability says, as numbers: read once, from roll-ups alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from config.lib import periods
from loyalty.liability import cohorts, queries, rules
from loyalty.liability.cohorts import Book, Breakage, Cell, Cohort
from loyalty.liability.models import LiabilityDay
from loyalty.liability.queries import Open
from loyalty.liability.rules import PURCHASE, Contract
from loyalty.points import kernel
from members.programme.rules import Settings

# Ages of the triangle a page has room for; the table of cohorts holds as many.
AGES = 13
TREND_MONTHS = 13
# Bounds of what ends when, in months from the day: soon, this year, later.
BANDS = (1, 3, 12)

_COLUMNS = (
    "earned",
    "reversed",
    "spent",
    "restored",
    "expired",
    "adjusted",
    "converted",
    "written_off",
)

# A month is enough for cohorts: its moves count at its end, the last month's at the day.
_BY_MONTH = """
SELECT CASE WHEN date_trunc('month', day) = date_trunc('month', %(until)s::timestamp)
            THEN %(until)s::date
            ELSE (date_trunc('month', day) + interval '1 month - 1 day')::date END AS day,
       cohort, source, move, value, sum(points)::bigint AS points, sum(price)::bigint AS price
  FROM loyalty_liabilitycell
 WHERE currency = %(currency)s AND day <= %(until)s AND move <> 'activated'
 GROUP BY 1, 2, 3, 4, 5
"""

_ENDS = """
SELECT date_trunc('month', day)::date AS month, expires_in, sum(points)::bigint AS points
  FROM loyalty_liabilitycell WHERE currency = %(currency)s AND day <= %(until)s
 GROUP BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the roll-forward: a day, or the days of a month together."""

    first: date
    last: date
    opening: int
    moves: dict[str, int]
    closing: int
    pending: int
    active: int
    held: int
    debt: int
    entries: int


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Open points that end in a month, and what the cohorts before let lapse of such."""

    month: date | None
    points: int
    lapses: float


@dataclass(frozen=True, kw_only=True)
class Source:
    name: str
    given: int
    spent: int
    lapsed: int
    open: int
    cost: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything as of the end of a day; money in minor units."""

    currency: str
    as_of: date
    today: LiabilityDay
    breakage: Breakage
    cohorts: list[Cohort]
    contracts: list[Contract]
    endings: list[Ending]
    sources: list[Source]
    trend: list[tuple[date, list[int]]]
    entries: int


def lines(*, days: Sequence[LiabilityDay], by: str) -> list[Line]:
    """Lines of days, or of months made of them, the oldest first."""
    groups: dict[Any, list[LiabilityDay]] = defaultdict(list)
    for row in days:
        groups[row.day if by == "day" else row.day.replace(day=1)].append(row)
    return [_line(rows) for _key, rows in sorted(groups.items())]


def _line(rows: Sequence[LiabilityDay]) -> Line:
    end = rows[-1]
    return Line(
        first=rows[0].day,
        last=end.day,
        opening=rows[0].opening,
        moves={name: sum(getattr(row, name) for row in rows) for name in _COLUMNS},
        closing=end.closing,
        pending=end.pending,
        active=end.active,
        held=end.held,
        debt=end.debt,
        entries=sum(row.entries for row in rows),
    )


def of(*, today: LiabilityDay, settings: Settings) -> Report:
    """The report of a day: four questions to the roll-ups, whatever their size."""
    currency, as_of = today.currency, today.day
    told = {"currency": currency, "until": as_of}
    cells = [Cell(**row) for row in kernel.run(_BY_MONTH, told)]
    opened = queries.open_points(currency=currency, at_end_of=as_of)
    walk = rules.Walk(exponent=settings.exponent)
    for _day, _sums, walk in rules.walked(  # noqa: B007  the last is the one
        cells, days=[as_of], exponent=settings.exponent
    ):
        pass
    value = _value(as_of)
    return Report(
        currency=currency,
        as_of=as_of,
        today=today,
        breakage=walk.breakage(),
        cohorts=walk.all_cohorts(),
        contracts=walk.contracts(),
        endings=_endings(opened, walk),
        sources=_sources(cells, walk, value * 10**settings.exponent),
        trend=_trend(kernel.run(_ENDS, told), as_of),
        entries=today.entries,
    )


def _value(day: date) -> Fraction:
    """What a point is worth on a day, in units of the currency."""
    days, values = queries.point_values()
    found = [value for begins, value in zip(days, values, strict=True) if begins <= day]
    return Fraction(found[-1], rules.MICROS)


def _endings(opened: Sequence[Open], walk: rules.Walk) -> list[Ending]:
    points: dict[date | None, int] = defaultdict(int)
    lapses: dict[date | None, float] = defaultdict(float)
    for one in opened:
        points[one.expires_in] += one.points
        lapses[one.expires_in] += one.points * walk.lapse_share(
            cohort=one.cohort, sold=one.source == PURCHASE
        )
    months = sorted(points, key=lambda month: (month is None, month or date.max))
    return [
        Ending(month=month, points=points[month], lapses=lapses[month])
        for month in months
    ]


def _sources(
    cells: Sequence[Cell], walk: rules.Walk, minor_value: Fraction
) -> list[Source]:
    """Points given without a purchase, by what they were given for, and what they cost."""
    books: dict[str, Book] = defaultdict(Book)
    for cell in cells:
        if cell.source not in {PURCHASE, rules.WRITTEN_OFF}:
            books[cell.source].add(cell)
    found = []
    for name, book in sorted(books.items()):
        months = book.cohorts
        redeems = sum(
            one.open
            * (1 - walk.lapse_share(cohort=cohorts.first_day(one.month), sold=False))
            for one in months
        )
        spent = sum(one.spent for one in months)
        found.append(
            Source(
                name=name,
                given=sum(one.net for one in months),
                spent=spent,
                lapsed=sum(one.lapsed for one in months),
                open=sum(one.open for one in months),
                cost=round((spent + Fraction(redeems)) * minor_value),
            )
        )
    return found


def _trend(rows: Sequence[dict[str, Any]], as_of: date) -> list[tuple[date, list[int]]]:
    """Open points at the ends of months by how soon they end, the nearest first."""
    if not rows:
        return []
    moved: dict[date, dict[date | None, int]] = defaultdict(dict)
    for row in rows:
        moved[row["month"]][row["expires_in"]] = row["points"]
    month, last = min(moved), as_of.replace(day=1)
    lying: dict[date | None, int] = defaultdict(int)
    found = []
    while month <= last:
        for ends, points in moved.get(month, {}).items():
            lying[ends] += points
        day = min(periods.last_day(month, "month"), as_of)
        found.append((day, _banded(lying, month)))
        month = periods.add_months(month, 1)
    return found[-TREND_MONTHS:]


def _banded(lying: dict[date | None, int], month: date) -> list[int]:
    sums = [0] * (len(BANDS) + 1)
    for ends, points in lying.items():
        away = (
            None if ends is None else cohorts.month_of(ends) - cohorts.month_of(month)
        )
        place = sum(away is None or away > bound for bound in BANDS)
        sums[place] += max(0, points)
    return sums
