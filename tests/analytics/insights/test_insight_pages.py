from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from analytics.values import services as values
from members.jobs import services as jobs
from members.profiles.models import Member
from tests import factories

AT = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def world(client, transactional_db):
    """Thirty members with one to six orders over half a year, two of them refunded."""
    store = factories.store("S-CLARA")
    for n in range(30):
        home = store if n % 3 == 0 else None
        member = factories.member(f"c-{n:02d}", store=home)
        Member.objects.filter(pk=member.pk).update(joined_on=date(2025, 9, 1))
        for k in range(n % 6):
            day = date(2025, 9, 2) + timedelta(days=n + 29 * k)
            factories.order(member, minor=1000 + 100 * n, on=day, store=home)
        if n % 15 == 5:
            factories.order(member, minor=500, on=date(2026, 3, 1), kind="refund")
    values.recompute(as_of=AT.date(), at=AT)
    return store


def sign_in(client, *roles, stores=()):
    client.force_login(factories.user(*roles, stores=stores))


def links_with_counts(page: str) -> list[tuple[str, int]]:
    """Return every link to members of a table cell, and the number that it shows."""
    found = re.findall(r'<a href="(/members/\?[^"]+)"[^>]*>([\d,]+)<', page)
    return [
        (url.replace("&amp;", "&"), int(text.replace(",", ""))) for url, text in found
    ]


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        "/insights/rfm/",
        "/insights/rfm/?rule=ntile_id",
        "/insights/rfm/?rule=percentile&window=12m",
        "/insights/retention/",
        "/",
    ],
)
def test_every_cell_leads_to_as_many_members_as_it_says(client, world, url, limited):
    stores = (world,) if limited else ()
    sign_in(client, "viewer", stores=stores)

    page = client.get(url)

    links = links_with_counts(page.content.decode())
    assert len(links) > 10
    for link, shown in links:
        listed = client.get(link).context["list"].count
        assert (listed.value, listed.is_estimate) == (shown, False), link


def test_cohort_cells_lead_to_the_share_they_say(client, world):
    sign_in(client, "viewer")

    cohorts = client.get("/insights/retention/").context["cohorts"]

    boxes = [box for _, _, row in cohorts.rows for box in row if box]
    assert boxes
    for box in boxes:
        active = int(re.match(r"[\d,]+", box.label)[0])
        assert client.get(box.url).context["list"].count.value == active


def test_scores_of_the_grid_add_up_to_all_buyers(client, world):
    sign_in(client, "viewer")

    scores = client.get("/insights/rfm/").context["scores"]

    assert scores.note.n == sum(int(row[2].text) for row in scores.table) == 25


def test_moves_add_up_to_all_members(client, world):
    sign_in(client, "viewer")

    moves = client.get("/insights/retention/").context["moves"]

    assert moves.total == "30"


@pytest.mark.parametrize("url", ["/", "/insights/rfm/", "/insights/retention/"])
@pytest.mark.django_db
def test_an_empty_installation_says_what_to_do(client, ana, url):
    client.force_login(ana)

    page = client.get(url).content.decode()

    assert 'class="empty"' in page
    assert reverse("imports:list") in page


@pytest.mark.django_db
def test_an_operator_finds_members_instead_of_figures(client, clara):
    client.force_login(clara)

    page = client.get("/").content.decode()

    assert "Find a member" in page
    assert client.get("/insights/rfm/").status_code == 403


def test_a_running_job_stands_on_the_overview_with_its_stop(client, ana, world):
    """In a fragment of a fragment: it keeps the request, so its form has a token."""
    job = jobs.create(kind="recompute", params={}, by=ana, at=AT)
    jobs.start(job_id=job.pk, at=AT)
    client.force_login(ana)

    response = client.get("/")

    assert response.status_code == 200
    page = response.content.decode()
    assert f'id="job-{job.pk}"' in page
    row = page[page.index(f'id="job-{job.pk}"') :]
    assert "csrfmiddlewaretoken" in row[: row.index("</div>\n</div>")]


def test_wrong_scores_are_refused_by_name(client, world):
    sign_in(client, "viewer")

    response = client.get("/insights/rfm/?rule=guess")

    assert response.status_code == 400
    assert "Rule for ties" in response.content.decode()


def test_catalogue_holds_every_metric_with_its_formula(client, world):
    sign_in(client, "viewer")

    page = client.get("/insights/metrics/").content.decode()

    assert 'id="repurchase_rate"' in page
    assert "count(orders) / count(buyers)" in page


def test_a_period_is_chosen_by_the_address(client, world):
    sign_in(client, "viewer")

    page = client.get("/?days=90")

    assert [c.text for c in page.context["periods"] if c.current] == ["90 d"]
