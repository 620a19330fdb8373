from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow.parquet as pq

from analytics.values import services, tasks
from analytics.values.models import MemberValue, ValueRun
from config.lib import clock
from members.jobs import services as jobs
from members.jobs.models import Job
from tests import factories

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_keep_fresh_task_computes_as_of_the_clocks_day(books):
    factories.order(factories.member(), on=date(2026, 2, 1))

    with clock.override(AT):
        tasks.keep_fresh()

    assert (ValueRun.objects.get().as_of, MemberValue.objects.get().recency_days) == (
        date(2026, 3, 1),
        28,
    )


def test_recompute_task_of_a_job_cancelled_before_it_ran_does_nothing(books):
    user = factories.user("admin")
    job = services.request(as_of=date(2026, 3, 1), by=user, at=AT)
    jobs.request_cancel(job_id=job.pk, by=user, at=AT)

    with clock.override(AT):
        tasks.recompute(str(job.pk))

    assert (Job.objects.get().state, ValueRun.objects.count()) == ("cancelled", 0)


def test_recompute_task_fails_its_job_with_the_reason(books):
    job = services.request(as_of=date(2026, 3, 2), by=None, at=AT)

    with clock.override(AT):
        try:
            tasks.recompute(str(job.pk))
        except services.AsOfAhead as refused:
            reason = str(refused)

    assert (Job.objects.get().state, Job.objects.get().error) == ("failed", reason)


def test_snapshot_holds_the_values_of_its_day(books):
    ana = factories.member("17", joined_on=date(2025, 1, 1))
    factories.order(ana, minor=1000, on=date(2025, 1, 1))
    factories.order(ana, minor=500, on=date(2026, 2, 1))

    done = services.recompute(as_of=date(2025, 6, 30), at=AT)

    found = pq.read_table(services.snapshots() / done.snapshot).to_pylist()
    assert [(row["spend_minor"], row["recency_days"]) for row in found] == [(1000, 180)]
    assert MemberValue.objects.count() == 0


def test_snapshot_of_the_same_day_replaces_the_one_before(books):
    services.recompute(as_of=date(2025, 6, 30), at=AT)
    factories.member(joined_on=date(2025, 1, 1))
    services.facts.ChangedMember.objects.create(member_id=1)

    done = services.recompute(as_of=date(2025, 6, 30), at=AT)

    assert pq.read_metadata(services.snapshots() / done.snapshot).num_rows == 1
    assert list(services.snapshots().glob("*.draft")) == []
