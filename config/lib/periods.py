"""Local days and calendar months, with their summer times. Knows no app."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Rounding = Literal["none", "month", "quarter", "half_year", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_RESOLUTION = timedelta(seconds=1)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def backwards(starts: date | datetime, ends: date | datetime) -> bool:
    """Whether nothing lies between: a day as end is included, a moment is not.

    A day and a moment are told apart by their days.
    """
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        return ends <= starts
    first, last = (
        one.date() if isinstance(one, datetime) else one for one in (starts, ends)
    )
    return last < first


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """This is the first instant of a local day, in UTC.

    Where midnight comes twice it is the first one; where clocks jump over it, it is
    the jump.
    """
    at = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, time.min):
        return at
    before, after = at - timedelta(days=1), at + timedelta(days=1)
    while after - before > _RESOLUTION:
        middle = before + (after - before) / 2
        if day_of(middle, zone) < day:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """This is the first instant no longer of the day: never 23:59:59, never +24 h."""
    return day_start(day + timedelta(days=1), zone)


def add_months(day: date, months: int) -> date:
    """This is the same day of a later month, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def last_day(day: date, rounding: Rounding) -> date:
    """This is the last day of the month, quarter, half-year or year around a day."""
    if rounding == "none":
        return day
    months = _MONTHS[rounding]
    month = -(-day.month // months) * months
    return date(day.year, month, calendar.monthrange(day.year, month)[1])
