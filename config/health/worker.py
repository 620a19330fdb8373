"""What a worker tells operators: its logs, its tasks, its clock in tests."""

from __future__ import annotations

import logging.config
import time
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

from config.lib import clock, meters

# Carries the time a request was told to the task it enqueued, under the test clock.
CLOCK_HEADER = "tern_now"

_started: dict[str, tuple[float, Any]] = {}


def instrument(app: Celery) -> None:
    app.steps["worker"].add(DjangoStructLogInitStep)
    signals.setup_logging.connect(_log, weak=False)
    signals.before_task_publish.connect(_send_clock, weak=False)
    signals.task_prerun.connect(_begin, weak=False)
    signals.task_postrun.connect(_end, weak=False)


def _log(**kwargs: Any) -> None:
    """Connected, this keeps Celery from setting up logging of its own."""
    logging.config.dictConfig(settings.LOGGING)


def _send_clock(headers: dict[str, Any], **kwargs: Any) -> None:
    told = clock.told()
    if told is not None:
        headers[CLOCK_HEADER] = told.isoformat()


def _begin(task_id: str, task: Any, **kwargs: Any) -> None:
    told = getattr(task.request, CLOCK_HEADER, None)
    override = None
    if told and settings.ENVIRONMENT.test_clock:
        override = clock.override(clock.parse(told))
        override.__enter__()
    _started[task_id] = (time.perf_counter(), override)


def _end(task_id: str, task: Any, state: str, **kwargs: Any) -> None:
    started, override = _started.pop(task_id, (None, None))
    if override is not None:
        override.__exit__(None, None, None)
    meters.TASKS.labels(task=task.name, state=str(state).lower()).inc()
    if started is not None:
        seconds = time.perf_counter() - started
        meters.TASK_SECONDS.labels(task=task.name).observe(seconds)
