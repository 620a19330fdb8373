from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from analytics.values import nightly
from analytics.values import services as values
from config.lib import clock
from members.jobs import services as jobs


@shared_task(name="analytics.values.tasks.keep_fresh")
def keep_fresh(**kwargs: Any) -> None:
    values.keep_fresh(at=clock.now())


@shared_task(name="analytics.values.tasks.night")
def night(**kwargs: Any) -> None:
    nightly.tick(at=clock.now())


@shared_task(name="analytics.values.tasks.recompute")
def recompute(job_id: str, **kwargs: Any) -> None:
    """This is a recompute somebody asked for, with its progress on the job."""
    with suppress(jobs.Cancelled, jobs.NotOpen):
        values.run_job(job_id=UUID(job_id), clock=clock.now)
