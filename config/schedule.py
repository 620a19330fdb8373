"""What runs when: the one table of regular work."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "jobs whose worker died are ended": {
        "task": "members.jobs.tasks.fail_silent",
        "schedule": crontab(minute="*/5"),
    },
    "when keys of the API were last used is written down": {
        "task": "members.api.tasks.save_key_uses",
        "schedule": crontab(),
    },
    "answers kept for repeated requests are removed when old": {
        "task": "members.api.tasks.sweep",
        "schedule": crontab(hour=3, minute=41),
    },
    "refunds whose order has come meanwhile are applied": {
        "task": "loyalty.orders.tasks.apply_parked",
        "schedule": crontab(),
    },
    # Midnight is the programme's, which no crontab knows: each tick asks, one a night works.
    "the night's work is done after midnight": {
        "task": "analytics.values.tasks.night",
        "schedule": crontab(minute="2-59/5"),
    },
    "new rules of tiers lift members when they come into force": {
        "task": "loyalty.tiers.tasks.follow_rules",
        "schedule": crontab(),
    },
    "values follow orders, members, settings and the day": {
        "task": "analytics.values.tasks.keep_fresh",
        "schedule": crontab(minute="*/5"),
    },
    "files and rejected rows whose time is over are removed": {
        "task": "members.imports.tasks.sweep",
        "schedule": crontab(hour=3, minute=17),
    },
}
