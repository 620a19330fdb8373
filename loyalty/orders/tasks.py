from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import shared_task

from config.lib import clock
from loyalty.orders import history, parking
from members.jobs import services as jobs


@shared_task(name="loyalty.orders.tasks.apply_parked")
def apply_parked(**kwargs: Any) -> None:
    parking.sweep(at=clock.now())


@shared_task(name="loyalty.orders.tasks.apply_programme")
def apply_programme(job_id: str, **kwargs: Any) -> None:
    with suppress(jobs.Cancelled, jobs.NotOpen):
        history.run_job(job_id=UUID(job_id), clock=clock.now)
