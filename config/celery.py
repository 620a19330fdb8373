"""The Celery application. Tasks live in `<feature>/tasks.py`."""

from __future__ import annotations

import os

from celery import Celery

from config.health import worker
from config.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery looks for tasks.py in installed apps only; ours lie one folder deeper.
FEATURES = [
    "members.api",
    "members.imports",
    "members.jobs",
    "loyalty.orders",
    "loyalty.replay",
    "loyalty.tiers",
    "analytics.values",
]

app = Celery("tern")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
worker.instrument(app)
