"""Each list and each page with choices, held to the law, and counted in queries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from analytics.values import services as values
from config.lib import clock
from loyalty.points import desk
from members.imports.models import ImportBatch
from members.jobs import services as jobs
from members.profiles.models import Member
from tests import factories
from tests.loyalty.points import pages
from tests.ui import htmx_law

AT = factories.AT


@pytest.fixture
def shop(client, transactional_db, settings, tmp_path):
    """Sixty members, so that their list has pages, with orders over half a year."""
    settings.FACTS_URL = str(tmp_path / "facts")
    store = factories.store("S-ONE")
    for n in range(60):
        member = factories.member(f"c-{n:02d}", store=store if n % 2 else None)
        Member.objects.filter(pk=member.pk).update(joined_on=date(2025, 9, 1))
        for k in range(n % 4):
            on = date(2025, 9, 2) + timedelta(days=n + 29 * k)
            factories.order(member, minor=1000 + n, on=on)
    values.recompute(as_of=AT.date(), at=AT)
    client.force_login(factories.user("admin"))
    return store


@pytest.mark.parametrize(
    ("url", "least"),
    [
        ("/members/", 16),
        ("/members/?stage=repeat&sort=spend&dir=desc", 16),
        ("/members/?q=member", 17),
        ("/insights/rfm/", 5),
        ("/insights/rfm/?rule=percentile&show=spend", 5),
        ("/insights/retention/", 5),
        ("/", 3),
    ],
)
def test_a_swapped_page_equals_the_fresh_one(client, shop, url, least):
    assert htmx_law.held(client, url) >= least


def test_a_swapped_timeline_equals_the_fresh_one(client, shop):
    member = Member.objects.order_by("pk")[0]
    for n in range(45):
        factories.order(member, on=date(2025, 9, 2) + timedelta(days=n))

    assert htmx_law.held(client, f"/members/{member.number}/") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?state=queued"])
def test_a_swapped_job_list_equals_the_fresh_one(client, ana, query):
    for _ in range(35):
        jobs.create(kind="import", params={}, by=ana, at=AT)
    client.force_login(ana)

    assert htmx_law.held(client, f"/jobs/{query}") == 7


def imported(by, n: int = 1) -> list[ImportBatch]:
    return [
        ImportBatch.objects.create(
            kind="orders",
            source="shop",
            file_name=f"orders-{k}.csv",
            file_hash="x",
            created_at=AT,
            created_by=by,
        )
        for k in range(n)
    ]


@pytest.mark.django_db
def test_a_swapped_import_list_equals_the_fresh_one(client, ana):
    imported(ana, 35)
    client.force_login(ana)

    assert htmx_law.held(client, "/imports/") == 1


@pytest.mark.django_db
def test_a_swapped_statement_equals_the_fresh_one(client, ana):
    member = pages.member()
    for n in range(45):
        pages.give(member, 1, at=pages.NOW + timedelta(minutes=n))
    client.force_login(ana)

    with clock.override(pages.NOW + timedelta(hours=1)):
        assert htmx_law.held(client, f"/members/{member.number}/points/") == 1


@pytest.mark.django_db
def test_a_swapped_list_of_debts_equals_the_fresh_one(client, ana, monkeypatch):
    monkeypatch.setattr(desk, "PAGE", 2)
    for days in (0, 40, 100):
        pages.owing(10, days=days)
    client.force_login(ana)

    with clock.override(pages.NOW):
        # All and four ages, and the next page.
        assert htmx_law.held(client, "/points/debts/") == 6
