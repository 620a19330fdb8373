from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections

from analytics.facts import queries as facts_queries
from analytics.metrics import queries as metrics
from analytics.metrics.enums import Stage
from analytics.values import services, table
from analytics.values.models import MemberValue, ValueRun
from loyalty.orders.models import ChangedMonth
from members.jobs import services as jobs
from members.jobs.models import Job
from tests import factories

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = date(2026, 3, 1)


@pytest.fixture
def ana(books):
    ana = factories.member("17", joined_on=date(2025, 5, 1))
    factories.order(ana, minor=1000, on=date(2025, 1, 1))
    factories.order(ana, minor=500, on=date(2026, 2, 1))
    factories.order(ana, minor=200, on=date(2026, 2, 3), kind="refund")
    return ana


def buy_again(member) -> None:
    factories.order(member, minor=1, on=TODAY)
    ChangedMonth.objects.create(month=TODAY)


def test_recompute_of_today_replaces_the_current_values(ana):
    done = services.recompute(as_of=TODAY, at=AT)

    value = MemberValue.objects.get()
    assert (done.members, done.snapshot) == (1, "")
    assert {
        name: getattr(value, name)
        for name in (
            "member_id",
            "external_id",
            "joined_on",
            "orders",
            "refunds",
            "gross_minor",
            "refunded_minor",
            "spend_minor",
            "orders_12m",
            "spend_12m_minor",
            "categories",
            "first_on",
            "last_on",
            "recency_days",
            "r",
            "f",
            "m",
            "cell",
            "stage",
            "value_tier",
            "run_id",
            "aov_minor",
        )
    } == {
        "member_id": ana.pk,
        "external_id": "17",
        "joined_on": date(2025, 5, 1),
        "orders": 2,
        "refunds": 1,
        "gross_minor": 1500,
        "refunded_minor": 200,
        "spend_minor": 1300,
        "orders_12m": 1,
        "spend_12m_minor": 300,
        "categories": 0,
        "first_on": date(2025, 1, 1),
        "last_on": date(2026, 2, 1),
        "recency_days": 28,
        "r": 1,
        "f": 1,
        "m": 1,
        "cell": "111",
        "stage": "repeat",
        "value_tier": "high",
        "run_id": done.run_id,
        "aov_minor": 650,
    }


def test_recompute_keeps_prospects_without_scores(books):
    factories.member()

    services.recompute(as_of=TODAY, at=AT)

    value = MemberValue.objects.get()
    assert (value.stage, value.cell, value.value_tier, value.last_on) == (
        Stage.PROSPECT,
        None,
        None,
        None,
    )


def test_recompute_twice_leaves_the_table_as_migrations_made_it(ana):
    before = _shape()

    services.recompute(as_of=TODAY, at=AT)
    services.recompute(as_of=TODAY, at=AT)

    assert _shape() == before
    assert MemberValue.objects.count() == 1


def _shape() -> tuple[list, list]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
            " ORDER BY indexname",
            [table.TABLE],
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_name = %s ORDER BY ordinal_position",
            [table.TABLE],
        )
        return indexes, cursor.fetchall()


def test_recompute_of_a_past_day_leaves_current_values_alone(ana):
    services.recompute(as_of=TODAY, at=AT)
    before = MemberValue.objects.values().get()

    done = services.recompute(as_of=date(2025, 6, 30), at=AT)

    assert MemberValue.objects.values().get() == before
    assert (services.snapshots() / done.snapshot).exists()


def test_recompute_of_a_day_to_come_is_refused(books):
    with pytest.raises(services.AsOfAhead):
        services.recompute(as_of=TODAY + timedelta(days=1), at=AT)


def test_recompute_reports_its_phases_in_order(ana):
    said = []

    services.recompute(
        as_of=TODAY, at=AT, report=lambda done, total, what: said.append((done, total))
    )

    assert said == [(step, services.PHASES) for step in range(services.PHASES)]


def test_recompute_that_fails_says_so_and_keeps_the_old_values(ana, monkeypatch):
    services.recompute(as_of=TODAY, at=AT)

    def full(values):
        raise OSError("no space left")

    monkeypatch.setattr(table, "load", full)
    with pytest.raises(OSError, match="no space"):
        services.recompute(as_of=TODAY, at=AT)

    assert ValueRun.objects.latest("pk").error == "no space left"
    assert MemberValue.objects.count() == 1


def test_bounds_say_between_which_measures_a_score_lies(books):
    for n in range(1, 6):
        factories.order(factories.member(), minor=100 * n, on=date(2026, 2, n))

    services.recompute(as_of=TODAY, at=AT)

    run = ValueRun.objects.get()
    bounds = run.bounds
    assert bounds["m"] == {str(n): [100 * n, 100 * n] for n in range(1, 6)}
    assert bounds["r"]["5"] == [24, 24]
    assert run.scored == MemberValue.objects.exclude(r=None).count()


def test_current_values_equal_the_metrics_of_the_same_day(books):
    for n in range(1, 30):
        member = factories.member()
        for k in range(n % 5):
            factories.order(member, minor=100 * n + k, on=date(2026, 1, 1 + n % 28))

    services.recompute(as_of=TODAY, at=AT)

    run = ValueRun.objects.get()
    settings = services.programme.settings_at(at=AT)
    with facts_queries.opened(as_of=run.as_of, settings=settings) as facts:
        answer = metrics.answer(facts=facts, name="rfm").as_json()
    cells = {row["cell"]: row["members"] for row in answer["rows"]}
    assert cells == {
        cell: MemberValue.objects.filter(cell=cell).count() for cell in cells
    }


def test_keep_fresh_does_nothing_twice(ana):
    first = services.keep_fresh(at=AT)

    assert (first.members, services.keep_fresh(at=AT)) == (1, None)


def test_keep_fresh_follows_orders_and_the_day(ana):
    services.keep_fresh(at=AT)
    buy_again(ana)

    services.keep_fresh(at=AT)
    after_order = MemberValue.objects.get()
    services.keep_fresh(at=AT + timedelta(days=1))
    after_midnight = MemberValue.objects.get()

    assert (after_order.orders, after_order.recency_days) == (3, 0)
    assert after_midnight.recency_days == 1


def test_two_runs_at_once_take_turns(ana):
    errors: list[BaseException] = []

    def run() -> None:
        try:
            services.recompute(as_of=TODAY, at=AT)
        except BaseException as error:  # noqa: BLE001  shown by the assertion
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (errors, MemberValue.objects.count()) == ([], 1)


def test_swap_waits_for_a_reader_and_tries_again(ana, monkeypatch):
    monkeypatch.setattr(table, "LOCK_TIMEOUT", "50ms")
    services.recompute(as_of=TODAY, at=AT)
    reading, release = threading.Event(), threading.Event()

    def read() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT count(*) FROM {table.TABLE}")
            reading.set()
            release.wait(10)
            cursor.execute("COMMIT")
        connections.close_all()

    monkeypatch.setattr(table.time, "sleep", lambda seconds: release.set())
    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(10)

    services.recompute(as_of=TODAY, at=AT)

    reader.join()
    assert release.is_set()
    assert MemberValue.objects.count() == 1


def test_requested_recompute_runs_as_a_job(ana):
    job = services.request(as_of=TODAY, by=factories.user("admin"), at=AT)

    services.run_job(job_id=job.pk, clock=lambda: AT)

    job = Job.objects.get()
    assert (job.state, job.result) == ("done", {"as_of": "2026-03-01", "members": 1})


def test_cancelled_recompute_keeps_the_old_values(ana):
    user = factories.user("admin")
    job = services.request(as_of=TODAY, by=user, at=AT)

    def clock() -> datetime:
        # Somebody asks to stop once the job runs.
        if Job.objects.filter(pk=job.pk, state="running", cancel_requested=False):
            jobs.request_cancel(job_id=job.pk, by=user, at=AT)
        return AT

    services.run_job(job_id=job.pk, clock=clock)

    assert Job.objects.get().state == "cancelled"
    assert MemberValue.objects.count() == 0


def test_swap_gives_up_on_a_table_that_stays_in_use(ana, monkeypatch):
    monkeypatch.setattr(table, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(table, "TRIES", 2)
    monkeypatch.setattr(table, "PAUSE_SECONDS", 0)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT count(*) FROM {table.TABLE}")

    with pytest.raises(table.TableBusy):
        services.recompute(as_of=TODAY, at=AT)

    other.close()
    assert ValueRun.objects.get().state == "failed"
