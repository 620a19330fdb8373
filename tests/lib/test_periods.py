"""Local days and months against a scan of every minute, over all zones and years."""

from __future__ import annotations

import calendar
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.lib import periods

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
# Since 1980 every offset is whole minutes, so a scan by the minute is exact.
DAYS = st.dates(date(1980, 1, 2), date(2037, 12, 30))
MINUTE = timedelta(minutes=1)


def scanned(day: date, zone: ZoneInfo) -> datetime:
    """The first minute of UTC at which the local date is `day` or later."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=27)
    while at.astimezone(zone).date() < day:
        at += MINUTE
    return at


@given(day=DAYS, zone=st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_day_starts_with_its_first_minute(day, zone):
    assert periods.day_start(day, ZoneInfo(zone)) == scanned(day, ZoneInfo(zone))


@given(
    zone=st.sampled_from(
        [
            "Africa/Cairo",
            "America/Havana",
            "America/Sao_Paulo",
            "America/St_Johns",
            "Asia/Amman",
            "Asia/Beirut",
            "Asia/Gaza",
            "Asia/Tehran",
            "Atlantic/Azores",
            "Pacific/Apia",
        ]
    ),
    year=st.integers(1985, 2030),
)
@settings(max_examples=60, deadline=None)
def test_days_on_which_clocks_change_start_with_their_first_minute(zone, year):
    """Zones that change around midnight; each day of the year whose offset moves."""
    found = ZoneInfo(zone)
    day = date(year, 1, 1)
    while day.year == year:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        before, after = noon - timedelta(days=1), noon + timedelta(days=1)
        if before.astimezone(found).utcoffset() != after.astimezone(found).utcoffset():
            assert periods.day_start(day, found) == scanned(day, found)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day", "starts", "hours"),
    [
        # No midnight: clocks jump from 24:00 to 01:00.
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00", 23),
        # 23:00 comes twice on the day before.
        ("Africa/Cairo", date(2026, 10, 29), "2026-10-28T21:00", 25),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00", 25),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00", 23),
        # Midnight comes twice; the day starts with the first.
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00", 25),
        ("America/Havana", date(2026, 3, 8), "2026-03-08T05:00", 23),
        # This day did not exist: it starts where the next one does.
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00", 0),
        ("Asia/Shanghai", date(2026, 2, 17), "2026-02-16T16:00", 24),
    ],
)
def test_day_is_as_long_as_its_clocks_say(zone, day, starts, hours):
    found = ZoneInfo(zone)

    start = periods.day_start(day, found)

    assert start == datetime.fromisoformat(starts).replace(tzinfo=UTC)
    assert periods.day_end(day, found) - start == timedelta(hours=hours)


@given(
    at=st.datetimes(datetime(1980, 1, 2), datetime(2037, 12, 30)),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=300, deadline=None)
def test_moment_lies_in_its_day_or_in_an_hour_that_came_twice(at, zone):
    at, found = at.replace(tzinfo=UTC), ZoneInfo(zone)
    day = periods.day_of(at, found)

    assert periods.day_start(day, found) <= at
    # Only where clocks went back over midnight is a moment of a day after its end.
    if at >= periods.day_end(day, found):
        assert at.astimezone(found).fold == 1


@given(day=DAYS, months=st.integers(-240, 240))
def test_months_later_is_the_same_day_or_the_last_of_that_month(day, months):
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    last = calendar.monthrange(year, month)[1]

    assert periods.add_months(day, months) == date(year, month, min(day.day, last))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_month_ends_are_clamped(day, months, then):
    assert periods.add_months(day, months) == then


@given(
    day=DAYS,
    rounding=st.sampled_from(["month", "quarter", "half_year", "year"]),
)
def test_last_day_is_the_next_day_on_which_such_a_period_ends(day, rounding):
    ends = {
        "month": range(1, 13),
        "quarter": (3, 6, 9, 12),
        "half_year": (6, 12),
        "year": (12,),
    }
    last = day
    while (last + timedelta(days=1)).day != 1 or last.month not in ends[rounding]:
        last += timedelta(days=1)

    assert periods.last_day(day, rounding) == last
    assert periods.last_day(day, "none") == day


@pytest.mark.parametrize(
    ("starts", "ends", "nothing"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), False),
        (date(2026, 3, 2), date(2026, 3, 1), True),
        (
            datetime(2026, 3, 1, 9, tzinfo=UTC),
            datetime(2026, 3, 1, 9, tzinfo=UTC),
            True,
        ),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), date(2026, 3, 1), False),
        (date(2026, 3, 2), datetime(2026, 3, 1, 9, tzinfo=UTC), True),
    ],
)
def test_period_of_one_day_holds_that_day(starts, ends, nothing):
    assert periods.backwards(starts, ends) is nothing
