from __future__ import annotations

from typing import Any

from celery import shared_task

from config.lib import clock
from members.access import keys
from members.api import services


@shared_task(name="members.api.tasks.save_key_uses")
def save_key_uses(**kwargs: Any) -> None:
    keys.save_uses()


@shared_task(name="members.api.tasks.sweep")
def sweep(**kwargs: Any) -> None:
    services.sweep(at=clock.now())
