"""Reminders: raised by the night, done by somebody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from config.lib import periods
from loyalty.inbox.models import Reminder
from members.audit import services as audit
from members.programme import queries as programme

REFRESH = "refresh"


@transaction.atomic
def raise_refreshes(*, as_of: datetime, at: datetime) -> int:
    """Raise a task for each rule in force whose day has come; returns how many are new.

    A day that is no longer asked for, because a version was published since, closes its
    task. Safe to repeat.
    """
    settings = programme.settings_at(at=as_of)
    today = periods.day_of(as_of, settings.zone)
    due = {
        f"{REFRESH}:{rule}:{day.isoformat()}": {"rule": rule, "day": day.isoformat()}
        for rule, day in settings.refresh
        if day <= today
    }
    known = set(
        Reminder.objects.filter(reference__in=due).values_list("reference", flat=True)
    )
    new = [reference for reference in due if reference not in known]
    Reminder.objects.bulk_create(
        (
            Reminder(
                kind=REFRESH, reference=reference, facts=due[reference], raised_at=at
            )
            for reference in new
        ),
        ignore_conflicts=True,
    )
    gone = Reminder.objects.filter(kind=REFRESH, done_at__isnull=True)
    gone.filter(~Q(reference__in=list(due))).update(done_at=at)
    return len(new)


@transaction.atomic
def done(*, reminder_id: int, by: str, at: datetime) -> bool:
    """Say that a reminder was seen to; False if it was before."""
    rows = Reminder.objects.filter(pk=reminder_id, done_at__isnull=True)
    if not rows.update(done_at=at, done_by=by):
        return False
    audit.record_by(
        actor=by,
        action="reminders.done",
        target=f"Reminder:{reminder_id}",
        details={},
        at=at,
    )
    return True
