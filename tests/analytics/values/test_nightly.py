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
        "values": 1,
        "tiers": 0,
        "refreshes": 0,
    }
    assert told == [
        {"as_of": NIGHT.isoformat(), "already_done": False, "steps": steps},
        {"as_of": NIGHT.isoformat(), "already_done": True, "steps": steps},
    ]
    assert Transfer.objects.filter(kind="expire").count() == 1
    assert NightlyRun.objects.count() == ValueRun.objects.count() == 1


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
