from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from config.lib import clock
from loyalty.replay import services
from members.jobs import services as jobs


@shared_task(name="loyalty.replay.tasks.run")
def run(job_id: str, **kwargs: Any) -> None:
    with suppress(jobs.Cancelled, jobs.NotOpen):
        services.run_job(job_id=UUID(job_id), clock=clock.now)
