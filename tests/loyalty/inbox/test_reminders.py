"""A rule past its day raises a task: once, and until somebody sees to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from analytics.values import nightly
from config.lib import clock
from loyalty.inbox import queries, services
from loyalty.inbox.models import Reminder
from members.audit.models import AuditEntry
from members.programme.models import ProgrammeVersion
from tests import factories

pytestmark = pytest.mark.django_db
# 23:30 of 31 March in UTC is 1 April in Berlin.
AS_OF = datetime(2026, 3, 31, 22, tzinfo=UTC)


def rules(number: int = 2, *, since: datetime | None = None, **days: str) -> None:
    ProgrammeVersion.objects.create(
        number=number,
        settings={"time_zone": "Europe/Berlin", "refresh": days},
        effective_from=since,
        created_at=factories.AT,
    )


def raised(at: datetime = AS_OF) -> int:
    return services.raise_refreshes(as_of=at, at=at)


def open_rules() -> list[str]:
    return [one.facts["rule"] for one in queries.reminders()]


def test_a_rule_whose_day_has_come_in_the_programmes_zone_raises_a_task():
    rules(earn="2026-04-01", expiry="2026-04-02")

    assert raised(AS_OF - timedelta(days=1)) == 0
    assert raised() == 1
    assert open_rules() == ["earn"]
    assert raised(AS_OF + timedelta(days=1)) == 1
    assert open_rules() == ["earn", "expiry"]


def test_a_task_is_raised_once_and_not_again_when_it_is_done(ana):
    rules(earn="2026-04-01")
    raised()
    (reminder,) = queries.reminders()

    assert services.done(reminder_id=reminder.pk, by=f"user:{ana.pk}", at=AS_OF)
    assert not services.done(reminder_id=reminder.pk, by=f"user:{ana.pk}", at=AS_OF)

    assert (raised(), raised(AS_OF + timedelta(days=9))) == (0, 0)
    assert open_rules() == []
    assert AuditEntry.objects.filter(action="reminders.done").count() == 1


def test_a_version_with_a_new_day_closes_the_task_and_raises_another_later():
    rules(earn="2026-04-01")
    raised()
    rules(3, since=AS_OF, earn="2026-07-01")

    assert raised(AS_OF + timedelta(days=1)) == 0
    assert open_rules() == []
    assert raised(datetime(2026, 7, 1, 12, tzinfo=UTC)) == 1
    assert Reminder.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_night_raises_it_and_a_second_run_of_the_night_does_not():
    rules(earn="2026-03-01")

    first = nightly.run(at=AS_OF + timedelta(hours=1))
    nightly.run(at=AS_OF + timedelta(hours=2))

    assert first.steps["refreshes"] == 1
    assert Reminder.objects.count() == 1


def test_the_tasks_page_shows_it_and_takes_it_away(client, ana):
    rules(earn="2026-04-01")
    raised()
    client.force_login(ana)
    with clock.override(AS_OF):
        shown = client.get(reverse("inbox:tasks")).content.decode()
    assert "Rules to look at again" in shown
    assert "1 Apr 2026" in shown
    (reminder,) = queries.reminders()

    client.post(reverse("inbox:reminder_done", args=[reminder.pk]))

    assert open_rules() == []
    gone = client.get(reverse("inbox:tasks")).content.decode()
    assert "Rules to look at again" not in gone


def test_only_who_edits_settings_sees_to_it(client, clara):
    rules(earn="2026-04-01")
    raised()
    (reminder,) = queries.reminders()
    client.force_login(clara)

    assert "Rules to look at" not in client.get(reverse("inbox:tasks")).content.decode()
    response = client.post(reverse("inbox:reminder_done", args=[reminder.pk]))

    assert response.status_code == 403
    assert open_rules() == ["earn"]
