from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from config.lib import clock
from loyalty.tiers import applying
from members.jobs import services as jobs


@shared_task(name="loyalty.tiers.tasks.apply_tiers")
def apply_tiers(job_id: str, **kwargs: Any) -> None:
    with suppress(jobs.Cancelled, jobs.NotOpen):
        applying.run_job(job_id=UUID(job_id), clock=clock.now)
