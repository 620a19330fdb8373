from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.lib import clock
from loyalty.points import desk, services
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.points import pages
from tests.loyalty.points.pages import NOW

pytestmark = pytest.mark.django_db
TODAY, DEBTS = "/points/", "/points/debts/"


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


@pytest.fixture
def seen(client, ana):
    client.force_login(ana)
    return lambda url=TODAY: client.get(url).context


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def figures(context) -> dict[str, tuple[int, int]]:
    return {
        one.label: (one.points, one.entries)
        for one in context["figures"]
        if one.entries
    }


def test_today_adds_up_what_happened_since_midnight(seen):
    mia, noa = pages.member(), pages.member()
    pages.give(mia, 700, at=NOW - timedelta(days=1))
    pages.give(mia, 300)
    pages.give(noa, 50, at=NOW - timedelta(hours=11))
    pages.spend(mia, 120)
    pages.owing(30)

    # Of `owing`: 30 given, spent and taken back.
    assert figures(seen()) == {
        "Adjusted": (380, 3),
        "Spent": (-150, 2),
        "Taken back": (-30, 1),
    }


def test_today_is_a_day_of_the_programmes_zone(seen):
    ProgrammeVersion.objects.create(
        number=2,
        settings={"time_zone": "Asia/Shanghai", "currency": "CNY", "name": "Tern"},
        created_at=NOW,
    )
    # Midnight in Shanghai is 16:00 UTC of the day before.
    for minute, points in ((59, 7), (60, 50)):
        at = datetime(2026, 3, 9, 15, tzinfo=UTC) + timedelta(minutes=minute)
        pages.give(pages.member(), points, at=at)

    context = seen()

    assert figures(context) == {"Adjusted": (50, 1)}
    rows = {row[0]: row[6] for row in context["chart"].rows}
    assert (rows["2026-03-10"], rows["2026-03-09"]) == ("+50", "+7")


def test_thirty_days_are_shown_and_nothing_before(seen):
    mia = pages.member()
    for days, points in ((29, 40), (30, 900)):
        pages.give(mia, points, at=NOW - timedelta(days=days))
    pages.spend(mia, 25, at=NOW - timedelta(days=3))

    context = seen()

    chart = context["chart"]
    assert len(chart.rows) == 30
    assert chart.caption == ("0 points earned, 25 spent, 0 expired or taken back.")
    moved = [row for row in chart.rows if row[6] != "0"]
    assert [(row[0], row[6]) for row in moved] == [("2026-02-09", "+40")]
    assert chart.drawing
    assert context["chart_note"].n == 2


def test_outstanding_equals_the_sum_of_the_members(seen):
    settings = programme.settings_at(at=NOW)
    people = [pages.member() for _ in range(3)]
    for n, one in enumerate(people):
        pages.give(one, 100 * (n + 1), expires_at=NOW + timedelta(days=20 + 40 * n))
    pages.spend(people[0], 30)
    services.hold(
        member_id=people[1].pk,
        points=60,
        reference="h",
        expires_at=NOW + timedelta(hours=1),
        now=NOW,
        settings=settings,
    )
    # Ended an hour ago, before any night swept it.
    pages.give(
        people[2], 5, at=NOW - timedelta(days=2), expires_at=NOW - timedelta(hours=1)
    )
    debtor = pages.owing(15)

    out = seen()["out"]

    balances = [pages.balance(one) for one in (*people, debtor)]
    assert out.available == sum(one.available for one in balances) == 70 + 140 + 300
    assert out.held == sum(one.held for one in balances) == 60
    assert out.pending == 0
    # 70 end in 20 days, 140 free ones in 60, 300 in 100.
    assert (out.soon, out.later, out.members) == (70, 210, 3)
    assert seen()["owed"] == 15


def test_clara_sees_sums_of_her_store_only(client, clara):
    pages.give(pages.member(), 700)
    hers = pages.member(store=factories.store("S-CLARA"))
    pages.give(hers, 80)
    pages.owing(15)
    client.force_login(clara)

    context = client.get(TODAY).context

    assert figures(context) == {"Adjusted": (80, 1)}
    assert (context["out"].available, context["owed"]) == (80, 0)
    assert client.get(DEBTS).context["rows"] == []


def test_bruno_reads_and_is_offered_no_write_off(client, bruno):
    pages.owing(15)
    client.force_login(bruno)

    assert client.get(TODAY).status_code == 200
    response = client.get(DEBTS)
    assert response.status_code == 200
    assert "write-off" not in text_of(response)


def test_points_today_of_an_empty_programme(client, ana):
    client.force_login(ana)

    assert "No points moved in these days." in text_of(client.get(TODAY))
    assert "Nobody owes points." in text_of(client.get(DEBTS))


@pytest.mark.parametrize("rows", [1, 3])
def test_points_today_has_a_fixed_number_of_queries(
    seen, rows, django_assert_num_queries
):
    for _ in range(rows):
        pages.give(pages.member(), 10)
    seen()

    # Ten, and a savepoint in and out around three reads of the books.
    with django_assert_num_queries(16):
        seen()


def test_debts_stand_by_age_with_the_oldest_first(seen):
    # The 31st day before the tenth of March is the seventh of February.
    ages = {0: 10, 30: 20, 31: 30, 91: 40, 400: 50}
    people = {days: pages.owing(points, days=days) for days, points in ages.items()}

    context = seen(DEBTS)

    assert [one.number for one, _, _ in context["rows"]] == [
        people[days].number for days in sorted(ages, reverse=True)
    ]
    assert [(one.points, days) for one, days, _ in context["rows"]] == [
        (50, 400),
        (40, 91),
        (30, 31),
        (20, 30),
        (10, 0),
    ]
    assert (context["owed"], context["members"]) == (150, 5)
    assert [one.text[-3:] for one in context["bands"][1:]] == [
        "· 2",
        "· 1",
        "· 1",
        "· 1",
    ]
    for n, owed in enumerate([[20, 10], [30], [40], [50]]):
        rows = seen(f"{DEBTS}?age={n}")["rows"]
        assert [one.points for one, _, _ in rows] == owed


def test_pages_of_debts_have_no_gap_and_no_repeat(seen, monkeypatch):
    monkeypatch.setattr(desk, "PAGE", 2)
    # Three owe since the same moment.
    for days, points in ((5, 1), (2, 2), (2, 3), (2, 4), (0, 5)):
        pages.owing(points, days=days)
    address, found = DEBTS, []
    while address:
        context = seen(address)
        found += [one.points for one, _, _ in context["rows"]]
        address = context["older"] and DEBTS + context["older"]

    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("rows", [1, 3])
def test_debts_have_a_fixed_number_of_queries(seen, rows, django_assert_num_queries):
    for _ in range(rows):
        pages.owing(10)
    seen(DEBTS)

    # Ten, and a savepoint in and out around two reads of the books.
    with django_assert_num_queries(14):
        seen(DEBTS)
