"""The night: once each, in order, going on where it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from loyalty.points import audit, nightly, queries
from loyalty.points.models import Activation, NightlyRun, Transfer
from members.programme import rules as programme
from members.programme.models import ProgrammeVersion
from members.programme.queries import settings_at as programme_at
from tests import factories
from tests.loyalty.points.test_kernel import SETTINGS, Books, on

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def berlin(db):
    """Berlin, 50 points for a birthday, points that last twelve months."""
    told = {"time_zone": "Europe/Berlin", "earn": {"events": {"birthday": 50}}}
    ProgrammeVersion.objects.create(
        number=2,
        settings=programme.dump(programme.parse(told)),
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )


def night(at):
    """What `run_nightly` does to the books at a moment; a night that ended is left alone."""
    as_of = nightly.night_of(at=at, settings=programme_at(at=at))
    run = nightly.begin(as_of=as_of, at=at)
    if run.finished_at is None:
        nightly.books(run=run, now=at, report=lambda step, done: None)
        nightly.end(run=run, at=at)
    return run.steps


def test_l1_one_activation_dated_midnight_though_the_night_runs_twice(berlin):
    books = Books()
    earned = books.earn(120, on("2026-03-01T10:00"), available=on("2026-03-15"))

    for minute in (7, 12, 59):
        nightly.activate(as_of=on("2026-03-15"))
        night(on("2026-03-15") + timedelta(minutes=minute))

    assert [(row.lot.transfer, row.at) for row in Activation.objects.all()] == [
        (earned, on("2026-03-15"))
    ]


def test_points_that_were_never_pending_are_not_said_to_become_available(berlin):
    Books().earn(120, on("2026-03-14T23:50"))

    night(on("2026-03-15T00:07"))

    assert not Activation.objects.exists()


def test_night_expires_what_has_ended(berlin):
    books = Books()
    books.earn(100, on("2026-01-01"), expires=on("2026-02-01"))

    first, second = night(on("2026-02-01T00:10")), night(on("2026-02-01T00:20"))

    assert first == second == {"activations": 0, "birthdays": 0, "points": 1}
    assert [
        (row.points, row.occurred_at, row.posted_at)
        for row in Transfer.objects.filter(kind="expire")
    ] == [(100, on("2026-02-01"), on("2026-02-01T00:10"))]


def test_night_that_failed_goes_on_with_the_step_that_failed(berlin):
    run = nightly.begin(as_of=on("2026-02-01"), at=on("2026-02-01"))
    done = []

    def fail(told):
        raise OSError("the disk is full")

    nightly.do(run=run, step="one", work=lambda told: done.append(1) or 1, report=print)
    with pytest.raises(OSError, match="disk"):
        nightly.do(run=run, step="two", work=fail, report=print)
    again = nightly.begin(as_of=on("2026-02-01"), at=on("2026-02-01T01:00"))
    nightly.do(
        run=again, step="one", work=lambda told: done.append(2) or 1, report=print
    )
    nightly.do(
        run=again, step="two", work=lambda told: done.append(3) or 1, report=print
    )

    assert (done, again.steps) == ([1, 3], {"one": 1, "two": 1})


@pytest.mark.parametrize(
    ("birthday", "nights", "given"),
    [
        (date(1990, 5, 3), ["2026-05-02", "2026-05-03", "2026-05-04"], ["2026-05-03"]),
        # Two nights did not run: the birthday between is made good, on its day.
        (date(1990, 5, 3), ["2026-05-01", "2026-05-06"], ["2026-05-03"]),
        (date(2000, 2, 29), ["2026-02-28", "2026-03-01"], ["2026-02-28"]),
        (date(2000, 2, 29), ["2028-02-28", "2028-02-29", "2028-03-01"], ["2028-02-29"]),
        (date(2000, 5, 3), ["2026-05-03", "2027-05-03"], ["2026-05-03", "2027-05-03"]),
    ],
)
def test_birthday_is_given_once_a_year_on_its_local_day(
    berlin, birthday, nights, given
):
    member = factories.member(birthday=birthday)
    factories.member(birthday=date(1990, 12, 12))

    for day in nights:
        for minute in (3, 8):
            night(on(f"{day}T00:0{minute}"))

    account = queries.account_of(member_id=member.pk, currency="points")
    told = [
        entry
        for entry in queries.entries(account=account, limit=10)
        if entry.kind == "event"
    ]
    assert [(entry.points, entry.occurred_at) for entry in reversed(told)] == [
        (50, on(day)) for day in given
    ]
    assert Transfer.objects.filter(kind="event").count() == len(given)


def test_who_joined_after_their_birthday_waits_a_year(berlin):
    factories.member(birthday=date(1990, 5, 3), joined_on=date(2026, 5, 4))

    night(on("2026-05-01T00:05"))
    night(on("2026-05-06T00:05"))

    assert not Transfer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_night_killed_in_the_middle_goes_on_and_a_second_run_changes_nothing():
    people = [factories.member() for _ in range(200)]
    books = Books()
    for person in people:
        books.member = person
        books.earn(10, on("2026-01-01"), expires=on("2026-02-01"))
    at = datetime(2026, 2, 1, 0, 5, tzinfo=UTC)

    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.loyalty.points.killed_night",
            at.isoformat(),
            "3",
        ],
        cwd=ROOT,
        env={**os.environ, **_database()},
        check=False,
    )

    assert killed.returncode == -9
    _let_the_server_finish()
    # Three batches of ten, and what the other hand had done by then.
    done = Transfer.objects.filter(kind="expire").count()
    assert 30 <= done < 200
    assert NightlyRun.objects.get().finished_at is None
    assert night(at + timedelta(minutes=5))["points"] == 200 - done
    assert Transfer.objects.filter(kind="expire").count() == 200
    night(at + timedelta(minutes=10))
    assert Transfer.objects.filter(kind="expire").count() == 200
    assert audit.audit().ok


def _let_the_server_finish() -> None:
    """What a killed client has sent is still done."""
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                " AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("the server is still at work")


def _database() -> dict[str, str]:
    """The test's own database, as another process is told of it."""
    told = connection.settings_dict
    host = told["HOST"]
    return {
        "DATABASE_URL": f"postgres://{told['USER']}@/{told['NAME']}?host={host}",
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }


def test_night_is_known_by_the_last_local_midnight():
    cairo = programme.parse({"time_zone": "Africa/Cairo"}, number=2)
    at = datetime(2026, 4, 24, 5, tzinfo=UTC)

    # There is no midnight on that day: it begins at 01:00 local, 22:00 UTC.
    assert nightly.night_of(at=at, settings=cairo) == datetime(
        2026, 4, 23, 22, tzinfo=UTC
    )
    assert nightly.night_of(at=on("2026-10-25T23:59"), settings=SETTINGS) == on(
        "2026-10-25"
    )
