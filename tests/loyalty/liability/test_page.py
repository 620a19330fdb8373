"""The page: who sees it, what it says, its journal, its alert, and how often it asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.lib import clock
from loyalty.liability import services
from loyalty.liability.models import JournalPeriod
from tests import factories
from tests.loyalty.points import pages
from tests.loyalty.points.pages import NOW

pytestmark = pytest.mark.django_db
PAGE = "/points/liability/"


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


@pytest.fixture
def analyst():
    return factories.user("analyst", email="ines@example.com", name="Ines")


@pytest.fixture
def mia():
    member = pages.member()
    pages.give(member, 1_000, at=NOW - timedelta(days=30))
    pages.spend(member, 300, at=NOW - timedelta(days=4))
    services.refresh(at=NOW)
    return member


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_analyst_sees_what_is_owed(client, analyst, mia):
    client.force_login(analyst)

    response = client.get(PAGE)

    values = {label: value for label, value, _note in response.context["kpis"]}
    assert values["Points outstanding"] == "700"
    assert values["If all were redeemed"] == "€7.00"
    assert values["Provision"] == "€7.00"
    assert response.context["as_of"] == (NOW - timedelta(days=1)).date()
    assert "Too thin to rely on" in text_of(response)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_are_refused(client, role, mia):
    client.force_login(factories.user(role))

    assert client.get(PAGE).status_code == 403


def test_staff_of_stores_are_told_why_they_see_nothing(client, mia):
    store = factories.store("S1")
    client.force_login(factories.user("analyst", stores=(store,)))

    response = client.get(PAGE)

    assert "kpis" not in response.context
    assert "Your account is limited to stores" in text_of(response)


def test_page_before_the_first_night_says_so(client, analyst):
    client.force_login(analyst)

    assert "Not rolled forward yet" in text_of(client.get(PAGE))


def test_past_day_is_shown_as_it_was(client, analyst, mia):
    client.force_login(analyst)
    day = (NOW - timedelta(days=10)).date()

    response = client.get(f"{PAGE}?as_of={day}&by=day")

    assert response.context["kpis"][0][1] == "1,000"
    assert response.context["roll"].rows[0][0].text == day.isoformat()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_of_no_year_of_ours_are_refused_and_are_no_address(
    client, analyst, mia, day
):
    client.force_login(analyst)

    page = client.get(f"{PAGE}?as_of={day}")

    assert "as_of" in page.context["form"].errors
    assert client.get(f"{PAGE}days/{day}/").status_code == 404
    assert client.get(f"{PAGE}journal/?month={day[:7]}").status_code != 500


def test_unreadable_day_is_refused_with_its_field(client, analyst, mia):
    client.force_login(analyst)

    response = client.get(f"{PAGE}?as_of=soon")

    assert response.status_code == 422
    assert "as_of" in response.context["form"].errors


def test_day_leads_to_its_entries(client, analyst, mia):
    client.force_login(analyst)
    day = (NOW - timedelta(days=4)).date()

    response = client.get(f"{PAGE}days/{day}/")

    rows = response.context["page"].rows
    assert [(one.number, one.kind, one.points) for one in rows] == [
        (mia.number, "redeem", -300)
    ]


def test_page_asks_the_same_number_of_questions_however_many_members(
    client, analyst, mia
):
    client.force_login(analyst)
    client.get(PAGE)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(PAGE)
    for days in (90, 50, 20):
        pages.give(pages.member(), 500, at=NOW - timedelta(days=days))
    services.refresh(at=NOW)

    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)

    assert len(many) == len(few)


def test_journal_is_downloaded_by_analysts_and_closed_by_admins(
    client, ana, analyst, mia
):
    told = {"month": "2026-02", "currency": "points", "by": "month"}
    client.force_login(analyst)
    provisional = client.post(f"{PAGE}journal/", told)
    refused = client.post(f"{PAGE}close/", told)
    client.force_login(ana)
    client.post(f"{PAGE}close/", told)
    closed = client.post(f"{PAGE}journal/", told)

    assert refused.status_code == 403
    assert provisional["Content-Type"].startswith("text/csv")
    assert closed.content == provisional.content.replace(b"provisional", b"closed")
    assert JournalPeriod.objects.get().closed_by == f"user:{ana.pk}"


def test_journal_of_no_month_is_refused(client, ana, mia):
    client.force_login(ana)

    response = client.post(f"{PAGE}journal/", {"month": "soon"})

    assert response.status_code == 422
    assert "2026-10" in text_of(response)


def test_books_that_do_not_close_raise_an_alert_that_names_the_member(client, ana, mia):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE loyalty_transfer SET points = points + 1 WHERE kind = 'redeem'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    services.rebuild(at=NOW, settings=pages.programme.settings_at(at=NOW))
    client.force_login(ana)

    for url in (PAGE, "/tasks/"):
        text = text_of(client.get(url))
        assert "does not close" in text
        assert mia.number in text
