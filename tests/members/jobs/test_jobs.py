from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from members.audit.models import AuditEntry
from members.jobs import services as jobs
from members.jobs.enums import JobState
from members.jobs.models import Job

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def queued() -> Job:
    return jobs.create(kind="import", params={"file": 7}, by=None, at=AT)


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


def test_a_job_runs_to_its_end():
    job = queued()

    jobs.start(job_id=job.pk, at=AT)
    jobs.progress(job_id=job.pk, done=5, total=10, at=AT)
    jobs.finish(job_id=job.pk, result={"loaded": 10}, at=AT)

    job.refresh_from_db()
    assert (job.state, job.done, job.result) == (JobState.DONE, 5, {"loaded": 10})


def test_a_redelivered_task_takes_its_running_job_over():
    job = queued()
    jobs.start(job_id=job.pk, at=AT)

    again = jobs.start(job_id=job.pk, at=AT + timedelta(minutes=1))

    assert (again.state, again.started_at) == (JobState.RUNNING, AT)


def test_an_ended_job_is_not_started_again():
    job = queued()
    jobs.start(job_id=job.pk, at=AT)
    jobs.finish(job_id=job.pk, result={}, at=AT)

    with pytest.raises(jobs.NotOpen):
        jobs.start(job_id=job.pk, at=AT)


def test_progress_never_passes_the_total():
    job = queued()
    jobs.start(job_id=job.pk, at=AT)

    jobs.progress(job_id=job.pk, done=12, total=10, at=AT)

    assert Job.objects.get(pk=job.pk).done == 10


def test_cancel_of_a_queued_job_ends_it_at_once(ana):
    job = queued()

    jobs.request_cancel(job_id=job.pk, by=ana, at=AT)

    assert state_of(job) == JobState.CANCELLED
    with pytest.raises(jobs.NotOpen):
        jobs.start(job_id=job.pk, at=AT)


def test_cancel_of_a_running_job_is_heard_at_its_next_batch(ana):
    job = queued()
    jobs.start(job_id=job.pk, at=AT)

    jobs.request_cancel(job_id=job.pk, by=ana, at=AT)

    assert state_of(job) == JobState.RUNNING
    with pytest.raises(jobs.Cancelled):
        jobs.progress(job_id=job.pk, done=1, total=10, at=AT)


def test_cancel_is_written_down_with_its_author(ana):
    job = queued()

    jobs.request_cancel(job_id=job.pk, by=ana, at=AT)

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (
        ana,
        "jobs.cancel",
        f"Job:{job.pk}",
    )


def test_retry_makes_a_new_job_with_the_same_work(ana):
    job = queued()
    jobs.start(job_id=job.pk, at=AT)
    jobs.fail(job_id=job.pk, error="disk full", at=AT)

    again = jobs.retry(job_id=job.pk, by=ana, at=AT)

    assert (again.kind, again.params, again.retry_of) == ("import", {"file": 7}, job)


def test_retry_of_a_job_that_is_done_is_refused(ana):
    job = queued()
    jobs.start(job_id=job.pk, at=AT)
    jobs.finish(job_id=job.pk, result={}, at=AT)

    with pytest.raises(jobs.NotRetryable):
        jobs.retry(job_id=job.pk, by=ana, at=AT)


def test_a_silent_worker_loses_its_job():
    silent, alive = queued(), queued()
    jobs.start(job_id=silent.pk, at=AT)
    jobs.start(job_id=alive.pk, at=AT + timedelta(minutes=8))

    ended = jobs.fail_silent(at=AT + timedelta(minutes=11))

    assert ended == 1
    assert (state_of(silent), state_of(alive)) == (JobState.FAILED, JobState.RUNNING)
