"""`run_nightly`: the books and the values of a night, once."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from analytics.values import tasks
from analytics.values.models import ValueRun
from config.lib import clock, locks
from loyalty.points.models import NightlyRun, Transfer
from tests import factories
from tests.loyalty.points.test_kernel import Books

NIGHT = factories.AT.replace(hour=0) + timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_second_run_nightly_changes_nothing(capsys):
    Books().earn(100, factories.AT, expires=NIGHT)
    told = []

    for minute in (5, 10):
        with clock.override(NIGHT + timedelta(minutes=minute)):
            call_command("run_nightly", "--json")
            tasks.night()
        told.append(json.loads(capsys.readouterr().out))

    steps = {
        "activations": 0,
        "birthdays": 0,
        "points": 1,
        "liability": 2,
        "values": 1,
        "tiers": 0,
        "refreshes": 0,
    }
    closing = {"closes": True, "broken": []}
    assert told == [
        {"as_of": NIGHT.isoformat(), "already_done": False, "steps": steps, **closing},
        {"as_of": NIGHT.isoformat(), "already_done": True, "steps": steps, **closing},
    ]
    assert Transfer.objects.filter(kind="expire").count() == 1
    assert NightlyRun.objects.count() == ValueRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_planted_wrong_row_fails_the_night_and_names_the_member(capsys):
    books = Books()
    books.earn(100, factories.AT)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE loyalty_transfer SET points = points + 1")
        cursor.execute("SET session_replication_role = origin")

    with clock.override(NIGHT), pytest.raises(SystemExit) as ended:
        call_command("run_nightly")

    books.member.refresh_from_db()
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"member {books.member.number} points on 2026-03-01" in said
    assert "transfers 101, lots 100" in said
    # The rest of the night is done all the same.
    assert ValueRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_tick_leaves_a_night_alone_that_another_process_is_at():
    with locks.tried("nightly") as mine:
        assert mine
        with clock.override(NIGHT):
            in_thread(tasks.night)

    assert not NightlyRun.objects.exists()


def in_thread(work):
    """Run on a connection of its own: a session never waits for its own lock."""

    def run():
        with clock.override(NIGHT):
            work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
