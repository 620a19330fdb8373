from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.imports import dates
from members.imports.dates import Moment
from members.imports.values import Bad

BERLIN = ZoneInfo("Europe/Berlin")


def read(cell, *, zone=BERLIN, form=None):
    found = dates.moment(cell, zone=zone, form=form, field="ordered_at")
    if isinstance(found, Bad):
        return found.reason
    return found and found.at.strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1997-01-01", "1996-12-31T23:00:00"),
        ("19970101", "1996-12-31T23:00:00"),
        (19970101, "1996-12-31T23:00:00"),
        ("2009/12/1", "2009-11-30T23:00:00"),
        ("1.12.2009", "2009-11-30T23:00:00"),
        ("01.12.2009", "2009-11-30T23:00:00"),
        ("2009年12月1日", "2009-11-30T23:00:00"),
        ("２００９年１２月１日", "2009-11-30T23:00:00"),
        ("1 Dec 2009", "2009-11-30T23:00:00"),
        ("Dec 1, 2009", "2009-11-30T23:00:00"),
        ("2009-12-01 07:45:00", "2009-12-01T06:45:00"),
        ("2009-12-01T07:45", "2009-12-01T06:45:00"),
        ("20091201T074500", "2009-12-01T06:45:00"),
        ("20091201074500", "2009-12-01T06:45:00"),
        ("2009-12-01T07:45:00Z", "2009-12-01T07:45:00"),
        ("2009-12-01T07:45:00+08:00", "2009-11-30T23:45:00"),
        ("2009-12-01 07:45:00.250-0500", "2009-12-01T12:45:00"),
        ("2009年12月1日 14:05", "2009-12-01T13:05:00"),
        ("2009年12月1日下午2时05分", "2009-12-01T13:05:00"),
        ("13/12/2009", "2009-12-12T23:00:00"),
        ("12/13/2009 8:26:00 AM", "2009-12-13T07:26:00"),
        ("12/12/2009 12:00 AM", "2009-12-11T23:00:00"),
        ("05/05/2009", "2009-05-04T22:00:00"),
        (date(2009, 12, 1), "2009-11-30T23:00:00"),
        (datetime(2009, 12, 1, 7, 45), "2009-12-01T06:45:00"),
        (datetime(2009, 12, 1, 7, 45, tzinfo=UTC), "2009-12-01T07:45:00"),
        ("", None),
        (None, None),
        ("01/12/2009", "ambiguous_date"),
        ("1-2-2009", "ambiguous_date"),
        ("01/12/09", "two_digit_year"),
        ("1.12.09", "two_digit_year"),
        ("31.11.2009", "bad_date"),
        ("2009-13-01", "bad_date"),
        ("2009-02-29", "bad_date"),
        ("13/13/2009", "bad_date"),
        ("2009-12-01 25:00", "bad_date"),
        ("2009-12-01 07:60", "bad_date"),
        ("2009-12-01 junk", "bad_date"),
        ("0001-01-01", "bad_date"),
        ("40148", "bad_date"),
        ("yesterday", "bad_date"),
        ("2026-03-29 02:30", "nonexistent_time"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00"),
    ],
)
def test_moment_reads_what_exports_write(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("01/12/2009", "dmy", "2009-11-30T23:00:00"),
        ("01/12/2009", "mdy", "2009-01-11T23:00:00"),
        ("13/12/2009", "mdy", "bad_date"),
        ("2009-12-01", "mdy", "2009-11-30T23:00:00"),
        ("01/12/2009", "%d/%m/%Y", "2009-11-30T23:00:00"),
        ("01/12/2009 07:45", "DD/MM/YYYY HH:mm", "2009-12-01T06:45:00"),
        ("2009-12-01", "%d/%m/%Y", "bad_date"),
        ("1259653500", "epoch", "2009-12-01T07:45:00"),
        ("1259653500000", "epoch_ms", "2009-12-01T07:45:00"),
        ("soon", "epoch", "bad_date"),
    ],
)
def test_moment_obeys_the_format_it_is_told(text, form, expected):
    assert read(text, form=dates.format_of(form)) == expected


@pytest.mark.parametrize("form", ["", "d/m/y", "%d/%m", "nonsense"])
def test_format_of_refuses_what_is_no_format(form):
    with pytest.raises(dates.NotAFormat, match="is no date format"):
        dates.format_of(form)


def test_moment_tells_the_local_day_of_an_instant_with_offset():
    found = dates.moment("2026-01-01T02:00:00+08:00", zone=BERLIN, field="at")

    assert found == Moment(datetime(2025, 12, 31, 18, tzinfo=UTC), date(2025, 12, 31))


def test_day_begins_where_the_gap_ends_when_midnight_is_skipped():
    # São Paulo went from 23:59:59 on 3 Nov 2018 to 01:00 on 4 Nov.
    sao_paulo = ZoneInfo("America/Sao_Paulo")

    found = dates.moment("2018-11-04", zone=sao_paulo, field="at")

    assert found == Moment(datetime(2018, 11, 4, 3, tzinfo=UTC), date(2018, 11, 4))


@given(
    st.datetimes(
        min_value=datetime(1901, 1, 1),
        max_value=datetime(2100, 1, 1),
        timezones=st.integers(-14 * 60, 14 * 60).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_moment_reads_back_every_instant_with_an_offset(at):
    found = dates.moment(at.isoformat(), zone=BERLIN, field="at")

    assert found == Moment(at.astimezone(UTC), at.astimezone(BERLIN).date())


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_moment_never_raises(cell):
    found = dates.moment(cell, zone=BERLIN, field="at")

    assert found is None or isinstance(found, Bad | Moment)
