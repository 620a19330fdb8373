"""What the pages may be asked, and what the field calls the cells of recency x frequency."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.metrics import rules as metrics

PERIODS = (7, 30, 90)
USUAL_PERIOD = 30
# Even: one question of activity answers two neighbouring periods, its start and its end.
SPARK_PERIODS = 8
MONTHS = 12
# What a page has room for: Overview shows the newest, Retention all.
COHORTS_SHORT, COHORTS_LONG = 8, 12
MONTHS_BACK = (1, 3, 6, 12)
SCORES = (1, 2, 3, 4, 5)
# A failure older than this was seen, or nobody minds.
ATTENTION = timedelta(days=7)
CURVE_DAYS = 365
CURVE_STEP = 15


@dataclass(frozen=True, kw_only=True)
class Days:
    """A stretch of local days, both included."""

    start: date
    end: date


@dataclass(frozen=True, kw_only=True)
class Group:
    """A name for a block of the grid; `anchor` is the cell that carries it."""

    key: str
    name: str | Promise
    rule: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    anchor: str


# Each of the 25 cells is in exactly one; a test counts.
GROUPS = (
    Group(
        key="champions",
        name=_("Champions"),
        rule="R 5, F 4–5",
        recency=(5, 5),
        frequency=(4, 5),
        anchor="55",
    ),
    Group(
        key="loyal",
        name=_("Loyal"),
        rule="R 3–4, F 4–5",
        recency=(3, 4),
        frequency=(4, 5),
        anchor="45",
    ),
    Group(
        key="growing",
        name=_("Growing"),
        rule="R 4–5, F 2–3",
        recency=(4, 5),
        frequency=(2, 3),
        anchor="53",
    ),
    Group(
        key="new",
        name=_("New"),
        rule="R 5, F 1",
        recency=(5, 5),
        frequency=(1, 1),
        anchor="51",
    ),
    Group(
        key="promising",
        name=_("Promising"),
        rule="R 4, F 1",
        recency=(4, 4),
        frequency=(1, 1),
        anchor="41",
    ),
    Group(
        key="middle",
        name=_("Middle"),
        rule="R 3, F 3",
        recency=(3, 3),
        frequency=(3, 3),
        anchor="33",
    ),
    Group(
        key="fading",
        name=_("Fading"),
        rule="R 3, F 1–2",
        recency=(3, 3),
        frequency=(1, 2),
        anchor="31",
    ),
    Group(
        key="slipping",
        name=_("Slipping"),
        rule="R 1–2, F 3–4",
        recency=(1, 2),
        frequency=(3, 4),
        anchor="24",
    ),
    Group(
        key="cannot_lose",
        name=_("Can’t lose"),
        rule="R 1–2, F 5",
        recency=(1, 2),
        frequency=(5, 5),
        anchor="15",
    ),
    Group(
        key="lost",
        name=_("Lost"),
        rule="R 1–2, F 1–2",
        recency=(1, 2),
        frequency=(1, 2),
        anchor="11",
    ),
)


def group_of(r: int, f: int) -> Group:
    return next(
        group
        for group in GROUPS
        if group.recency[0] <= r <= group.recency[1]
        and group.frequency[0] <= f <= group.frequency[1]
    )


def period(*, as_of: date, days: int, back: int = 0) -> Days:
    """This is the stretch of `days` that ended `back` stretches before `as_of`."""
    end = as_of - timedelta(days=days * back)
    return Days(start=end - timedelta(days=days - 1), end=end)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_ends(*, as_of: date, count: int = MONTHS) -> list[date]:
    """This is the ends of the last whole months up to `as_of`, newest first."""
    month = metrics.month_of(as_of)
    if as_of != month_end(as_of):
        month = metrics.month_after(month, -1)
    return [month_end(metrics.month_after(month, -n)) for n in range(count)]


def months_before(day: date, months: int) -> date:
    """This is the end of the month so many months earlier."""
    return month_end(metrics.month_after(metrics.month_of(day), -months))
