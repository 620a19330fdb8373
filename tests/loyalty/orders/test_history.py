"""The programme applied to orders that came without points."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from loyalty.orders import history, tasks
from loyalty.orders.history import Period
from loyalty.points.models import Account, Transfer
from members.jobs import services as jobs
from members.jobs.models import Job
from tests import factories
from tests.factories import AT

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db


def shop(orders=6):
    """Two members, orders of 10.00 on following days; the first order comes back half."""
    members = [factories.member(), factories.member()]
    made = [
        factories.order(members[n % 2], on=date(2026, 2, 1 + n)) for n in range(orders)
    ]
    factories.order(
        members[0], kind="refund", minor=500, on=date(2026, 2, 20), refund_of=made[0]
    )
    return members


def held(members):
    return [Account.objects.get(member=member).unspent for member in members]


def apply(*options):
    out = StringIO()
    call_command("apply_programme", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def test_history_earns_and_its_refunds_take_back():
    members = shop()

    done = apply()

    assert done == {"orders": 6, "points": 60, "refunds": 1, "taken_back": 5}
    assert held(members) == [25, 30]


def test_applied_twice_posts_once():
    members = shop()
    apply()
    before = Transfer.objects.count()

    done = apply()

    assert done == {"orders": 0, "points": 0, "refunds": 0, "taken_back": 0}
    assert (Transfer.objects.count(), held(members)) == (before, [25, 30])


def test_only_orders_of_the_days_named_earn():
    members = shop()

    done = apply("--from", "2026-02-02", "--to", "2026-02-03")

    assert (done["orders"], held(members)) == (2, [10, 10])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "soon"], "--from is 'soon'; it accepts a day as 2026-03-01"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], "--from: The first day"),
    ],
)
def test_unusable_days_are_named(options, words):
    with pytest.raises(CommandError, match=words) as refused:
        apply(*options)

    assert refused.value.returncode == 2


def test_refunds_of_orders_that_had_earned_are_left_to_the_till():
    members = shop()
    history.apply(period=Period(), actor="", now=AT)
    other = factories.order(members[1], on=date(2026, 2, 25))
    factories.order(
        members[0],
        kind="refund",
        minor=500,
        on=date(2026, 2, 26),
        refund_of_id=Transfer.objects.order_by("pk")[0].reference.split(":")[1],
    )

    done = history.apply(period=Period(), actor="", now=AT)

    assert (done.orders, done.refunds, other.pk > 0) == (1, 0, True)


def test_run_that_stops_between_batches_goes_on():
    members = shop()

    class Stop(Exception):
        pass

    def stop(done, total):
        if done == 4:
            raise Stop

    with pytest.raises(Stop):
        history.apply(period=Period(), actor="", now=AT, report=stop, batch=2)
    assert history.waiting(period=Period()) == 2
    seen = []
    history.apply(
        period=Period(), actor="", now=AT, report=lambda *a: seen.append(a), batch=2
    )

    assert (seen, held(members)) == ([(0, 2), (2, 2)], [25, 30])


def test_job_does_it_and_tells_what(ana):
    members = shop()
    job = history.request(period=Period(), by=ana, at=AT)

    tasks.apply_programme(job_id=str(job.pk))

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 6, 6)
    assert job.result == {"orders": 6, "points": 60, "refunds": 1, "taken_back": 5}
    assert held(members) == [25, 30]


def test_cancelled_job_keeps_whole_batches(ana):
    shop()
    job = history.request(period=Period(), by=ana, at=AT)

    def clock():
        # Somebody asks to stop while the second batch is under way.
        if Job.objects.get().done == 2:
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        return AT

    with pytest.raises(jobs.Cancelled):
        history.run_job(job_id=job.pk, clock=clock, batch=2)

    assert Job.objects.get().state == "cancelled"
    assert history.waiting(period=Period()) == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_half_way_and_run_again_equals_undisturbed():
    members = shop(orders=20)
    found = connection.settings_dict
    url = f"postgres://{found['USER']}@/{found['NAME']}?host={quote(found['HOST'])}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.loyalty.orders.killed_apply", "4"],
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert history.waiting(period=Period()) == 16

    history.apply(period=Period(), actor="", now=AT)

    # Ten orders of 10 each; half of the first came back.
    assert held(members) == [95, 100]
    assert history.waiting(period=Period()) == 0
