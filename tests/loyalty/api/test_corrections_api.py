"""What puts books right: two people for what is large, debts, undoing."""

from __future__ import annotations

from loyalty.points import returns
from loyalty.points.models import Transfer
from members.approvals.models import Approval
from members.programme import queries as programme
from tests import factories
from tests.api import code, errors


def owing(shop, member, points=150):
    """Give 150, spend them, take the gift back: the member owes them."""
    given = shop.give(member, points)
    assert shop.spend(member, points).status_code == 201
    returns.reverse(
        earning=Transfer.objects.get(pk=given["id"]),
        points=points,
        reference=f"back:{given['id']}",
        at=factories.AT,
        now=factories.AT,
        settings=programme.settings_at(at=factories.AT),
    )


def test_debt_blocks_spending_and_is_written_off_by_two(shop, member):
    owing(shop, member)
    points = shop.points(member)
    assert (points["debt"], points["available"]) == (150, 0)
    refused = shop.spend(member, 1)
    assert (code(refused), refused.json()["debt"]) == (
        (409, "insufficient_points"),
        150,
    )

    path = f"members/{member}/points/debt/write_off/"
    beyond = shop.api.post(path, {"points": 151, "reason": "goodwill"})
    asked = shop.api.post(path, {"reason": "goodwill"})

    assert code(beyond) == (409, "not_owed")
    assert asked.status_code == 202
    assert asked.json()["approval"]["facts"]["points"] == 150
    assert shop.points(member)["debt"] == 150
    url = asked.json()["approval"]["url"]
    assert code(shop.api.post(f"{url}approve/")) == (409, "own_request")
    assert shop.second.post(f"{url}approve/").status_code == 200
    assert shop.points(member)["debt"] == 0


def test_an_approved_adjustment_happens_then_unless_it_says_when(shop, member):
    path = f"members/{member}/points/adjustments/"
    body = {"points": 1500, "reason": "x"}
    now = shop.api.post(path, body).json()["approval"]
    dated = shop.api.post(path, {**body, "occurred_at": "2026-02-01T12:00:00+01:00"})

    shop.at("2026-03-05T12:00:00+01:00")
    for approval in (now, dated.json()["approval"]):
        shop.second.post(f"{approval['url']}approve/")

    newest, oldest = shop.entries(member)
    assert newest["occurred_at"] == "2026-03-05T11:00:00Z"
    assert oldest["occurred_at"] == "2026-02-01T11:00:00Z"
    assert newest["actor"] == f"key:{shop.api.key.pk}"


def test_what_cannot_be_taken_any_more_stays_pending(shop, member):
    shop.publish(adjustment_approval_above=5)
    shop.publish(adjustment_approval_above=1000)
    shop.give(member, 100)
    shop.publish(adjustment_approval_above=5)
    asked = shop.api.post(
        f"members/{member}/points/adjustments/", {"points": -100, "reason": "x"}
    ).json()["approval"]
    shop.spend(member, 50)

    response = shop.second.post(f"{asked['url']}approve/")

    assert code(response) == (409, "insufficient_points")
    assert Approval.objects.get().state == "pending"


def test_undo_posts_the_opposite_once(shop, member):
    given = shop.give(member, 100)
    spent = shop.spend(member, 30).json()

    back = shop.api.post(
        f"members/{member}/points/entries/{spent['id']}/undo/", {"reason": "wrong till"}
    )
    assert (back.status_code, back.json()["kind"]) == (201, "restore")
    assert (back.json()["points"], back.json()["reverses"]) == (30, spent["id"])
    assert shop.available(member) == 100

    path = f"members/{member}/points/entries/{given['id']}/undo/"
    taken = shop.api.post(path, {"reason": "error"})
    again = shop.api.post(path, {"reason": "error"})

    assert (taken.status_code, taken.json()["points"]) == (201, -100)
    assert (again.status_code, again.json()) == (200, taken.json())
    assert shop.points(member)["balance"] == 0


def test_what_has_its_own_way_cannot_be_undone(shop, member, friend):
    shop.give(member, 100)
    body = {"to": friend, "points": 40}
    sent = shop.api.post(f"members/{member}/points/transfers/", body).json()
    path = f"members/{member}/points/entries/{sent['id']}/undo/"

    assert code(shop.api.post(path, {"reason": "x"})) == (409, "cannot_undo")
    assert errors(shop.api.post(path, {})) == [("reason", "required")]
    lost = shop.api.post(
        f"members/{member}/points/entries/{10**30}/undo/", {"reason": "x"}
    )
    assert lost.status_code == 404


def test_an_entry_of_somebody_else_is_404(shop, member, friend):
    entry = shop.give(friend, 10)["id"]

    response = shop.api.post(
        f"members/{member}/points/entries/{entry}/undo/", {"reason": "x"}
    )

    assert response.status_code == 404


def test_undo_above_the_limit_takes_a_second_person_as_the_adjustment_did(shop, member):
    large = shop.api.post(
        f"members/{member}/points/adjustments/", {"points": 1500, "reason": "x"}
    ).json()["approval"]
    done = shop.second.post(f"{large['url']}approve/").json()
    path = f"members/{member}/points/entries/{done['result']['entry']['id']}/undo/"

    first = shop.second.post(path, {"reason": "error"})
    again = shop.api.post(path, {"reason": "error"})

    assert (first.status_code, again.status_code) == (202, 202)
    asked = first.json()["approval"]
    assert again.json()["approval"]["id"] == asked["id"]
    assert (asked["kind"], asked["facts"]["points"]) == ("adjustment_undo", -1500)
    assert shop.points(member)["balance"] == 1500
    assert code(shop.second.post(f"{asked['url']}approve/")) == (409, "own_request")
    approved = shop.api.post(f"{asked['url']}approve/")
    assert approved.json()["result"]["entry"]["points"] == -1500
    assert shop.points(member)["balance"] == 0
    twice = shop.api.post(f"{asked['url']}approve/")
    assert twice.json() == approved.json()
    assert shop.api.post(path, {"reason": "error"}).status_code == 200
    assert len(shop.entries(member)) == 2


def test_undo_of_points_taken_above_the_limit_takes_two_and_up_to_it_one(shop, member):
    shop.give(member, 600)
    shop.give(member, 600)
    taken = shop.give(member, -1000)
    shop.publish(adjustment_approval_above=999)
    path = f"members/{member}/points/entries/{taken['id']}/undo/"

    assert shop.api.post(path, {"reason": "x"}).status_code == 202
    assert shop.points(member)["balance"] == 200
    shop.publish(adjustment_approval_above=1000)
    assert shop.api.post(path, {"reason": "x"}).status_code == 201
    assert shop.points(member)["balance"] == 1200
