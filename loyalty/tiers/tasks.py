from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from config.lib import clock, locks
from loyalty.tiers import applying
from members.jobs import services as jobs
from members.jobs import tasks as jobs_tasks


@shared_task(name="loyalty.tiers.tasks.apply_tiers")
def apply_tiers(job_id: str, **kwargs: Any) -> None:
    with suppress(jobs.Cancelled, jobs.NotOpen):
        applying.run_job(job_id=UUID(job_id), clock=clock.now)


@shared_task(name="loyalty.tiers.tasks.follow_rules")
def follow_rules(**kwargs: Any) -> None:
    with locks.tried("tiers.follow_rules") as mine:
        job = applying.request_due(at=clock.now()) if mine else None
        if job is not None:
            jobs_tasks.enqueue(job)
