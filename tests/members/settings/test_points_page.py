"""The rules of points: shown in words, published from a form, nothing typed is lost."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from members.jobs.models import Job
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeVersion
from members.programme.services import publish
from members.settings.points_forms import PointsForm, initial_of
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
RICH = {
    "earn": {
        "points": 3,
        "per_amount": "2.50",
        "per": "line",
        "rounding": "half_up",
        "base": "net_paid",
        "excluded_categories": ["Tobacco", "Books, old"],
        "multipliers": {"Tea": "2", "a = b": "1.5"},
        "bonuses": [
            {
                "name": "Spring | 1",
                "from": "2026-03-01",
                "to": "2026-03-07",
                "multiplier": "2",
            },
            {
                "name": "",
                "from": None,
                "to": "2026-03-07T10:00:00+00:00",
                "multiplier": "3",
            },
        ],
        "caps": {"member_day": 10, "total": 0},
        "events": {"sign_up": 50},
        "stamps": [
            {"name": "cup", "every": 10, "points": 100, "categories": ["Tea", "Rum"]},
            {"name": "any", "every": 5, "points": 1, "categories": []},
        ],
    },
    "pending_days": 3,
    "activate_on": "delivery",
    "expiry": {"months": 6, "rounding": "quarter", "by": "inactivity"},
    "clawback": "pending_only",
    "point_value": "0.005",
    "restore_grace_days": 0,
    "adjustment_approval_above": None,
    "currencies": [
        {"key": "points", "spendable": True, "rates": {}},
        {"key": "miles", "spendable": False, "rates": {"points": "0.5"}},
    ],
}


def form(**changes):
    values = {**initial_of(programme.latest()), "note": "", **changes}
    return {
        name: value
        for name, value in values.items()
        if name in PointsForm.base_fields and not (value is None or value is False)
    }


def text(response):
    return html.unescape(response.content.decode())


def send(client, **changes):
    return client.post(reverse("settings:points"), form(**changes))


def test_page_tells_the_rules_in_words(client, ana):
    client.force_login(ana)

    shown = text(client.get(reverse("settings:points")))

    assert "1 point for every €1.00 you spend, rounded down once per order" in shown
    assert "Points can be used 14 days after the purchase." in shown


@pytest.mark.parametrize(
    "settings", [RICH, {"earn": None}, {}], ids=["rich", "none", "first"]
)
def test_form_as_it_is_shown_reads_back_equal(settings):
    before = rules.parse({**settings, "clv_years": 7})
    shown = {
        name: value
        for name, value in initial_of(before).items()
        if name in PointsForm.base_fields and not (value is None or value is False)
    }

    sent = PointsForm(shown)
    assert sent.is_valid(), sent.errors
    after = rules.parse({**rules.dump(before), **sent.settings()})

    assert after == before


def test_publishing_makes_a_version_that_says_what_is_otherwise(client, ana):
    client.force_login(ana)

    response = send(client, points=2, pending_days=0, note="Spring")

    assert response.status_code == 302
    latest = programme.latest()
    assert (latest.number, latest.earn.points, latest.pending_days) == (2, 2, 0)
    shown = text(client.get(reverse("settings:points")))
    assert "2 points for every €1.00" in shown
    assert '<del><span class="vh">No longer: </span>Points can be used 14 days' in shown
    assert "Spring" in shown


def test_other_settings_stay_as_they_are(client, ana):
    publish(
        values={"churn_days": 77},
        based_on=1,
        effective_from=None,
        by_id=None,
        at=AT,
        orders_exist=False,
    )
    client.force_login(ana)

    send(client, points=2)

    assert programme.latest().churn_days == 77


def test_a_day_begins_at_midnight_of_the_programme(client, ana):
    publish(
        values={"time_zone": "Europe/Berlin"},
        based_on=1,
        effective_from=None,
        by_id=None,
        at=AT,
        orders_exist=False,
    )
    client.force_login(ana)

    send(client, points=2, effective_on="2099-07-01")

    version = ProgrammeVersion.objects.get(number=3)
    assert version.effective_from == datetime(2099, 6, 30, 22, tzinfo=UTC)
    shown = text(client.get(reverse("settings:points")))
    assert "Version 3 comes into force on" in shown
    assert "Version 2, as members are told" in shown


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"per_amount": "0"}, "per_amount", "Give an amount above zero."),
        ({"points": "-1"}, "points", "greater than or equal to 0"),
        (
            {"multipliers": "Tea = lots"},
            "multipliers",
            "In “Tea = lots”: Give a factor from 0 to 1000.",
        ),
        (
            {"multipliers": "Tea"},
            "multipliers",
            "“Tea” cannot be read; write category = factor.",
        ),
        (
            {"bonuses": "Spring | soon | | 2"},
            "bonuses",
            "In “Spring | soon | | 2”: Give a day as 2026-03-01",
        ),
        (
            {"bonuses": "Spring | 2026-03-07 | 2026-03-01 | 2"},
            "bonuses",
            "A period ends after it begins.",
        ),
        (
            {"bonuses": "Spring 2"},
            "bonuses",
            "write name | first day | last day | factor.",
        ),
        (
            {"stamps": "cup | 1 | 100"},
            "stamps",
            "In “cup | 1 | 100”: Give a whole number from 2 to 1000.",
        ),
        (
            {"stamps": "cup | ten | 100"},
            "stamps",
            "Give a whole number from 2 to 1000.",
        ),
        ({"stamps": "cup | 5 | 9\ncup | 6 | 9"}, "stamps", "its own name"),
        ({"currencies": ""}, "currencies", "This field is required."),
        (
            {"currencies": "miles | maybe"},
            "currencies",
            "“miles | maybe” cannot be read",
        ),
        ({"currencies": "two words | yes"}, "currencies", "Give a key of at most"),
        ({"cap_day": "-5"}, "cap_day", "greater than or equal to 0"),
        ({"expiry_months": "0"}, "expiry_months", "greater than or equal to 1"),
        ({"expiry_months": "1201"}, "expiry_months", "from 1 to 1200"),
        ({"effective_on": "soon"}, "effective_on", "valid date"),
    ],
)
def test_wrong_input_is_named_beside_its_field_and_kept(
    client, ana, changes, field, words
):
    client.force_login(ana)

    response = send(client, note="kept words", **changes)

    assert response.status_code == 422
    assert words in " ".join(response.context["form"].errors[field])
    assert "kept words" in text(response)
    assert ProgrammeVersion.objects.count() == 1


def test_a_day_before_the_latest_version_is_refused(client, ana):
    publish(
        values={},
        based_on=1,
        effective_from=AT,
        by_id=None,
        at=AT,
        orders_exist=False,
    )
    client.force_login(ana)

    response = send(client, effective_on=(AT - timedelta(days=2)).date())

    assert response.context["form"].errors["effective_on"] == [
        "Give a time not before that of the version in force."
    ]


def test_a_stale_form_says_what_is_new_keeps_what_was_typed_and_can_be_sent_again(
    client, ana
):
    client.force_login(ana)
    stale = form(points=7, pending_days=0, note="mine")
    send(client, pending_days=0, points=2)

    refused = client.post(reverse("settings:points"), stale)

    assert refused.status_code == 422
    shown = text(refused)
    assert "Somebody published version 2 meanwhile." in shown
    assert "2 points for every €1.00" in shown
    again = refused.context["form"].data.dict()
    assert (again["points"], again["note"], again["based_on"]) == ("7", "mine", "2")
    assert client.post(reverse("settings:points"), again).status_code == 302
    assert (programme.latest().number, programme.latest().earn.points) == (3, 7)


def test_viewers_do_not_see_settings(client, bruno):
    client.force_login(bruno)

    assert client.get(reverse("settings:points")).status_code == 403
    assert send(client, points=9).status_code == 403
    assert ProgrammeVersion.objects.count() == 1


@pytest.mark.parametrize("versions", [1, 3])
def test_page_has_a_fixed_number_of_queries(
    client, ana, versions, django_assert_num_queries
):
    for number in range(1, versions):
        publish(
            values={"pending_days": number},
            based_on=number,
            effective_from=AT,
            by_id=ana.pk,
            at=AT,
            orders_exist=False,
        )
    client.force_login(ana)
    client.get(reverse("settings:points"))

    with django_assert_num_queries(8):
        client.get(reverse("settings:points"))


def test_history_page_counts_and_starts_a_job(client, ana):
    member = factories.member()
    factories.order(member, on=AT.date() - timedelta(days=10))
    factories.order(member, on=AT.date() - timedelta(days=2))
    client.force_login(ana)
    url = reverse("history:apply")

    assert "<b>2 orders</b> of these days have not earned." in text(client.get(url))
    days = {"first": (AT - timedelta(days=3)).date(), "last": ""}
    assert "<b>1 order</b> of these days has not earned." in text(client.get(url, days))
    started = client.post(url, days)

    job = Job.objects.get()
    assert started.url == reverse("jobs:detail", args=[job.pk])
    assert (job.kind, job.params["first"]) == ("apply_programme", "2026-02-26")


def test_history_refuses_days_the_wrong_way_round(client, ana, bruno):
    client.force_login(ana)
    days = {"first": "2026-03-02", "last": "2026-03-01"}

    refused = client.post(reverse("history:apply"), days)

    assert refused.status_code == 422
    assert "The first day comes after the last" in text(refused)
    client.force_login(bruno)
    assert client.get(reverse("history:apply")).status_code == 403
