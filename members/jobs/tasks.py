from __future__ import annotations

from typing import Any

from celery import current_app, shared_task
from django.db import transaction

from config.lib import clock
from members.jobs import kinds
from members.jobs import services as jobs
from members.jobs.models import Job


@shared_task(name="members.jobs.tasks.fail_silent")
def fail_silent(**kwargs: Any) -> None:
    jobs.fail_silent(at=clock.now())


def enqueue(job: Job) -> None:
    """Hand a job to a worker once the transaction that made it is committed."""
    kind = kinds.named(job.kind)
    if kind is None:
        raise LookupError(f"no kind of job is called {job.kind!r}")
    task = current_app.tasks[kind.task]
    transaction.on_commit(lambda: task.delay(job_id=str(job.pk)))
