from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from config.lib import clock
from members.imports import uploads
from members.jobs import services as jobs


@shared_task(name="members.imports.tasks.run")
def run(job_id: str, **kwargs: Any) -> None:
    """This loads or checks a file somebody uploaded; a redelivery goes on with it."""
    with suppress(jobs.NotOpen, jobs.Cancelled):
        uploads.run_job(job_id=UUID(job_id), clock=clock.now)


@shared_task(name="members.imports.tasks.sweep")
def sweep(**kwargs: Any) -> None:
    uploads.sweep(at=clock.now())
