from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.points import statement
from loyalty.points.models import Transfer
from members.approvals.models import Approval
from members.audit.models import AuditEntry
from tests import factories
from tests.loyalty.points import pages
from tests.loyalty.points.pages import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


@pytest.fixture
def mia(db):
    return pages.member(name="Mia")


def url(name: str, member, *more) -> str:
    return reverse(f"points:{name}", args=[member.number, *more])


def sheet(**fields) -> dict[str, str]:
    return {"points": "500", "reason": "Missed order", "form": str(uuid4()), **fields}


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_a_statement_shows_balance_lots_and_running_balance(client, ana, mia):
    pages.give(mia, 700, at=NOW - timedelta(days=2), reason="Welcome")
    pages.spend(mia, 250, at=NOW - timedelta(days=1))
    client.force_login(ana)

    response = client.get(url("member", mia))

    found = response.context["found"]
    assert (found.balance.available, found.balance.debt) == (450, 0)
    assert [(o.lot.points, o.lot.remaining, o.taken) for o in found.origins] == [
        (700, 450, [("redeemed", -250)])
    ]
    assert [(n.entry.points, n.entry.running) for n in found.lines] == [
        (-250, 450),
        (700, 700),
    ]
    assert "Welcome" in text_of(response)


def test_a_statement_as_of_a_day_and_as_known_on_a_day(client, ana, mia):
    pages.give(mia, 700, at=NOW - timedelta(days=4))
    # Told today of three days ago.
    services_at = NOW - timedelta(days=3)
    pages.give(mia, 90, at=services_at)
    pages.spend(mia, 300, at=NOW - timedelta(days=1))
    client.force_login(ana)

    def seen(**query):
        found = client.get(url("member", mia), query).context["found"]
        return found.balance.available, [one.entry.points for one in found.lines]

    assert seen() == (490, [-300, 90, 700])
    assert seen(as_of="2026-03-08") == (790, [90, 700])
    assert seen(as_of="2026-03-08", known_on="2026-03-06") == (700, [700])
    assert seen(as_of="2026-03-05") == (0, [])


@pytest.mark.parametrize("wrong", ["2026-03-11", "yesterday", "0001-01-01"])
def test_a_day_that_is_none_is_said_beside_its_field(client, ana, mia, wrong):
    client.force_login(ana)

    response = client.get(url("member", mia), {"as_of": wrong})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["as_of"]
    assert 'value="' + wrong in text_of(response)


def test_older_entries_follow_without_gap_or_repeat(client, ana, mia, monkeypatch):
    monkeypatch.setattr(statement, "PAGE", 2)
    for n in range(1, 6):
        pages.give(mia, n, at=NOW - timedelta(hours=(6 - n) // 2))
    client.force_login(ana)
    address, seen = "", []
    while True:
        response = client.get(url("member", mia) + address, headers=HTMX)
        seen += [one.entry.points for one in response.context["found"].lines]
        assert "<html" not in text_of(response)
        address = response.context["older"]
        if not address:
            break

    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("place", ["x", "1-", "-1", "9" * 30 + "-1", "²-1"])
def test_a_place_that_is_none_is_the_top(client, ana, mia, place):
    pages.give(mia, 5)
    client.force_login(ana)

    response = client.get(url("member", mia), {"before": place})

    assert [one.entry.points for one in response.context["found"].lines] == [5]


def test_an_adjustment_is_posted_and_written_down(client, ana, mia):
    pages.give(mia, 100)
    client.force_login(ana)

    response = client.post(
        url("adjust", mia), sheet(expires_on="2026-04-30"), follow=True
    )

    assert pages.balance(mia).available == 600
    assert "Gave 500 points" in text_of(response)
    # The first moment no longer valid: the end of the day in the programme's zone.
    posted = Transfer.objects.get(points=500)
    assert posted.lots.get().expires_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert posted.actor == f"user:{ana.pk}"
    (entry,) = AuditEntry.objects.filter(action="points.adjust")
    assert (entry.actor, entry.target) == (ana, f"Member:{mia.pk}")
    assert entry.details == {
        "entry": posted.pk,
        "points": 500,
        "currency": "points",
        "before": {"balance": 100, "pending": 0, "debt": 0},
        "after": {"balance": 600, "pending": 0, "debt": 0},
    }


def test_one_sheet_sent_twice_is_done_once(client, ana, mia):
    client.force_login(ana)
    for asked in (sheet(), sheet(points="5000")):
        client.post(url("adjust", mia), asked)
        client.post(url("adjust", mia), asked)

    assert pages.balance(mia).available == 500
    assert AuditEntry.objects.filter(action="points.adjust").count() == 1
    assert Approval.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        pytest.param({"points": ""}, "points", "required", id="no points"),
        pytest.param({"points": "many"}, "points", "whole number", id="words"),
        pytest.param({"points": "1.5"}, "points", "whole number", id="half a point"),
        pytest.param({"points": "0"}, "points", "Nought", id="nought"),
        pytest.param({"points": "9" * 30}, "points", "1000000000", id="too many"),
        pytest.param({"points": "-60"}, "points", "50 points are", id="more than had"),
        pytest.param({"points": "−60"}, "points", "50 points are", id="true minus"),
        pytest.param({"reason": " "}, "reason", "required", id="no reason"),
        pytest.param({"reason": "r" * 201}, "reason", "200", id="long reason"),
        pytest.param({"expires_on": "2026-03-09"}, "expires_on", "today", id="past"),
        pytest.param({"expires_on": "soon"}, "expires_on", "2026-03-31", id="no day"),
        pytest.param(
            {"points": "-5", "expires_on": "2026-04-01"},
            "expires_on",
            "leave it empty",
            id="taken points do not expire",
        ),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_wrong_adjustment_is_said_beside_its_field(
    client, ana, mia, wrong, field, says, headers
):
    pages.give(mia, 50)
    client.force_login(ana)

    response = client.post(url("adjust", mia), sheet(**wrong), headers=headers)

    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert says in str(errors[field])
    typed = {**sheet(), **wrong}
    assert response.context["form"]["points"].value() == typed["points"]
    assert typed["points"] in text_of(response)
    assert pages.balance(mia).available == 50
    assert ("<html" in text_of(response)) is not bool(headers)


def test_success_in_the_drawer_leads_to_the_statement(client, ana, mia):
    client.force_login(ana)

    response = client.post(url("adjust", mia), sheet(), headers=HTMX)

    assert response.headers["HX-Redirect"] == url("member", mia)


def test_the_sheet_says_beforehand_that_a_second_person_must_approve(client, ana, mia):
    client.force_login(ana)

    for name in ("adjust", "card"):
        response = client.get(url(name, mia))
        assert "Above 1,000, up or down, a second person" in text_of(response)


@pytest.mark.parametrize(("points", "waits"), [("1000", 0), ("1001", 1), ("-1001", 1)])
def test_above_the_limit_an_adjustment_waits(client, ana, mia, points, waits):
    pages.give(mia, 3000)
    client.force_login(ana)

    response = client.post(url("adjust", mia), sheet(points=points), follow=True)

    assert Approval.objects.filter(state="pending").count() == waits
    assert ("Awaiting approval" in text_of(response)) is bool(waits)
    assert pages.balance(mia).available == 3000 + (0 if waits else int(points))


@pytest.mark.parametrize("kind", ["given", "taken", "spent"])
def test_undo_posts_the_opposite_once_and_both_entries_lead_to_each_other(
    client, ana, mia, kind
):
    pages.give(mia, 1000)
    entry = {
        "given": lambda: pages.give(mia, 300),
        "taken": lambda: pages.give(mia, -300),
        "spent": lambda: pages.spend(mia, 300),
    }[kind]()
    client.force_login(ana)
    statement_url = url("member", mia)
    assert url("undo", mia, entry.pk) in text_of(client.get(statement_url))

    for _ in range(2):
        response = client.post(url("undo", mia, entry.pk), follow=True)

    assert pages.balance(mia).available == 1000
    opposite = Transfer.objects.get(reverses=entry)
    shown = text_of(response)
    assert url("undo", mia, entry.pk) not in shown
    assert f'href="{url("entry", mia, opposite.pk)}">See reversal' in shown
    assert f'href="{url("entry", mia, entry.pk)}">See original' in shown
    (written,) = AuditEntry.objects.filter(action="points.undo")
    assert written.details["of"] == entry.pk
    assert written.details["after"]["balance"] == 1000


def test_an_adjustment_offers_undo_in_a_toast_that_stays(client, ana, mia):
    client.force_login(ana)

    response = client.post(url("adjust", mia), sheet(), follow=True)

    made = Transfer.objects.get()
    toast = text_of(response).split('id="toasts"')[1]
    assert "data-stays" in toast
    assert f'action="{url("undo", mia, made.pk)}"' in toast


def test_what_has_its_own_way_back_cannot_be_undone_here(client, ana, mia):
    pages.give(mia, 10)
    pages.give(mia, -10)
    entry = Transfer.objects.order_by("pk").last()
    client.force_login(ana)
    client.post(url("undo", mia, entry.pk))
    reversal = Transfer.objects.get(reverses=entry)

    response = client.post(url("undo", mia, reversal.pk))

    assert response.status_code == 422
    assert "cannot be undone" in text_of(response)


def test_nobody_undoes_an_entry_of_another_member(client, ana, mia):
    entry = pages.give(mia, 10)
    client.force_login(ana)

    assert client.post(url("undo", pages.member(), entry.pk)).status_code == 404
    assert client.get(url("entry", pages.member(), entry.pk)).status_code == 404
    assert client.get(url("entry", mia, 2**63)).status_code == 404
    assert pages.balance(mia).available == 10


def test_bruno_reads_and_changes_nothing(client, bruno, mia):
    entry = pages.give(mia, 10)
    client.force_login(bruno)

    for name, more in (("member", []), ("card", []), ("entry", [entry.pk])):
        response = client.get(url(name, mia, *more))
        assert response.status_code == 200
        shown = text_of(response)
        assert url("adjust", mia) not in shown
        assert url("undo", mia, entry.pk) not in shown
    for name, more in (("adjust", []), ("undo", [entry.pk]), ("write_off", [])):
        assert client.post(url(name, mia, *more), sheet()).status_code == 403
    assert pages.balance(mia).available == 10


def test_clara_adjusts_members_of_her_store_only(client, clara, mia):
    hers = pages.member(store=factories.store("S-CLARA"))
    entry = pages.give(mia, 10)
    client.force_login(clara)

    assert client.post(url("adjust", hers), sheet()).status_code == 302
    assert pages.balance(hers).available == 500
    for name, more in (("member", []), ("card", []), ("entry", [entry.pk])):
        assert client.get(url(name, mia, *more)).status_code == 404
    for name, more in (("adjust", []), ("undo", [entry.pk]), ("write_off", [])):
        assert client.post(url(name, mia, *more), sheet()).status_code == 404
    assert pages.balance(mia).available == 10


def test_the_member_page_asks_for_the_card_and_links_to_the_statement(client, ana, mia):
    client.force_login(ana)

    shown = text_of(client.get(reverse("insights:member", args=[mia.number])))

    assert f'hx-get="{url("card", mia)}"' in shown
    assert f'href="{url("member", mia)}"' in shown


def test_an_entry_of_nobody_and_a_member_without_points(client, ana, mia):
    client.force_login(ana)

    response = client.get(url("member", mia))

    assert "No entries yet." in text_of(response)
    assert "No lot holds points." in text_of(response)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_statement_has_a_fixed_number_of_queries(
    client, ana, mia, rows, django_assert_num_queries
):
    for _ in range(rows):
        pages.give(mia, 100, actor=f"user:{ana.pk}")
        pages.spend(mia, 10)
    client.force_login(ana)
    client.get(url("member", mia))

    # Fifteen, and a savepoint in and out around each of three reads of the books,
    # because a test is one transaction.
    with django_assert_num_queries(21):
        client.get(url("member", mia))
