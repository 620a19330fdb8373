from __future__ import annotations

from typing import Any

from celery import shared_task

from config.lib import clock
from members.jobs import services as jobs


@shared_task(name="members.jobs.tasks.fail_silent")
def fail_silent(**kwargs: Any) -> None:
    jobs.fail_silent(at=clock.now())
