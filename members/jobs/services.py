"""The life of a job: queued → running → done, failed or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy, gettext_noop

from config.lib.errors import DomainError
from members.access.models import User
from members.audit import services as audit
from members.jobs.enums import JobState
from members.jobs.models import Job

# A worker reports at least once a batch; a batch takes seconds, never minutes.
SILENCE = timedelta(minutes=10)


class Cancelled(DomainError):
    code = "job_cancelled"
    message = gettext_lazy("The job was cancelled.")


class NotOpen(DomainError):
    code = "job_not_open"
    message = gettext_lazy("The job has ended already.")


class NotRetryable(DomainError):
    code = "job_not_retryable"
    message = gettext_lazy("Only a failed or cancelled job can be tried again.")


def create(
    *,
    kind: str,
    params: Mapping[str, Any],
    by: User | None,
    at: datetime,
    retry_of: Job | None = None,
) -> Job:
    return Job.objects.create(
        kind=kind, params=dict(params), created_by=by, created_at=at, retry_of=retry_of
    )


def start(*, job_id: UUID, at: datetime) -> Job:
    """Claim a job for this worker.

    A redelivered task finds its job running and takes it over: the work itself is
    resumable. Raises `Cancelled` if it was cancelled while queued, `NotOpen` if
    it has ended.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            raise NotOpen()
        if not job.cancel_requested:
            job.state = JobState.RUNNING
            job.started_at = job.started_at or at
            job.heartbeat_at = at
            job.save(update_fields=["state", "started_at", "heartbeat_at"])
            return job
    cancelled(job_id=job_id, at=at)
    raise Cancelled()


def progress(
    *,
    job_id: UUID,
    done: int,
    total: int | None,
    at: datetime,
    message: str = "",
) -> None:
    """Record how far the work is; raises `Cancelled` if somebody asked to stop.

    Call it between batches, outside the batch's own transaction.
    """
    Job.objects.filter(pk=job_id).update(
        done=done if total is None else min(done, total),
        total=total,
        message=message[:200],
        heartbeat_at=at,
    )
    if Job.objects.filter(pk=job_id, cancel_requested=True).exists():
        raise Cancelled()


def finish(*, job_id: UUID, result: Mapping[str, Any], at: datetime) -> None:
    _end(job_id=job_id, state=JobState.DONE, at=at, result=dict(result))


def fail(*, job_id: UUID, error: str, at: datetime) -> None:
    """End a job that could not be done. `error` is shown: no personal values."""
    _end(job_id=job_id, state=JobState.FAILED, at=at, error=error[:2000])


def cancelled(*, job_id: UUID, at: datetime) -> None:
    _end(job_id=job_id, state=JobState.CANCELLED, at=at)


@transaction.atomic
def request_cancel(*, job_id: UUID, by: User, at: datetime) -> None:
    """Ask a job to stop; a queued one ends at once, a running one at its next batch."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state not in (JobState.QUEUED, JobState.RUNNING):
        raise NotOpen()
    job.cancel_requested = True
    job.save(update_fields=["cancel_requested"])
    if job.state == JobState.QUEUED:
        cancelled(job_id=job_id, at=at)
    audit.record(
        actor=by, action="jobs.cancel", target=f"Job:{job_id}", details={}, at=at
    )


@transaction.atomic
def retry(*, job_id: UUID, by: User, at: datetime) -> Job:
    """Make a new job with the same work; the caller enqueues it."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise NotRetryable()
    again = create(kind=job.kind, params=job.params, by=by, at=at, retry_of=job)
    audit.record(
        actor=by,
        action="jobs.retry",
        target=f"Job:{job_id}",
        details={"as": str(again.pk)},
        at=at,
    )
    return again


def fail_silent(*, at: datetime) -> int:
    """End the running jobs whose worker has been silent too long; return how many."""
    return (
        Job.objects.silent_since(at=at - SILENCE)
        .filter(state=JobState.RUNNING)
        .update(
            state=JobState.FAILED,
            finished_at=at,
            error=gettext_noop(
                "The worker stopped without a word. "
                "Try again: it goes on from where it was."
            ),
        )
    )


def _end(*, job_id: UUID, state: JobState, at: datetime, **fields: Any) -> None:
    changed = Job.objects.open().filter(pk=job_id)
    if not changed.update(state=state, finished_at=at, heartbeat_at=at, **fields):
        raise NotOpen()
