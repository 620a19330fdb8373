"""Scenarios L2 to L9 and L51: the books by the HTTP API, at times the clock is told."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from members.audit.models import AuditEntry
from tests.api import code
from tests.shop import Shop


def two_lots(shop):
    member = shop.at("2026-01-01T00:00:00+01:00").member()
    a = shop.give(member, 100, expires_at="2026-12-31")["lots"][0]["id"]
    shop.at("2026-02-01T00:00:00+01:00")
    b = shop.give(member, 100, expires_at="2026-03-31")["lots"][0]["id"]
    return member, a, b


def test_l2_what_expires_first_is_spent_first(shop):
    member, a, b = two_lots(shop)

    spent = shop.at("2026-03-01T12:00:00+01:00").spend(member, 120)

    assert spent.json()["lots"] == [{"id": a, "points": 20}, {"id": b, "points": 100}]
    after = shop.at("2026-04-01T00:00:00+02:00").points(member)
    assert (after["balance"], after["available"]) == (80, 80)
    assert [one["kind"] for one in shop.entries(member)] == [
        "redeem",
        "adjust",
        "adjust",
    ]


def test_l3_points_without_end_are_spent_last(shop):
    shop.publish(expiry={"months": None})
    member = shop.at("2024-06-01T00:00:00+02:00").member()
    c = shop.give(member, 50)["lots"][0]["id"]
    shop.at("2026-01-01T00:00:00+01:00")
    a = shop.give(member, 100, expires_at="2026-12-31")["lots"][0]["id"]
    shop.at("2026-02-01T00:00:00+01:00")
    b = shop.give(member, 100, expires_at="2026-03-31")["lots"][0]["id"]

    spent = shop.at("2026-03-01T12:00:00+01:00").spend(member, 230)

    taken = {one["id"]: one["points"] for one in spent.json()["lots"]}
    assert taken == {b: 100, a: 100, c: 30}


@pytest.mark.parametrize(
    ("earned", "last", "gone"),
    [
        ("2026-01-31T15:00:00+01:00", "2026-02-28", "2026-03-01T00:00:00+01:00"),
        ("2028-01-31T15:00:00+01:00", "2028-02-29", "2028-03-01T00:00:00+01:00"),
    ],
)
def test_l5_a_month_from_the_31st_ends_with_the_shorter_month(shop, earned, last, gone):
    shop.publish(expiry={"months": 1})
    member = shop.at(earned).member()
    shop.give(member, 10)

    shop.at(f"{last}T23:59:59.999999+01:00")
    assert shop.points(member)["expiring"] == [{"on": last, "points": 10}]
    assert shop.spend(member, 1).status_code == 201

    assert shop.at(gone).points(member)["balance"] == 0
    assert code(shop.spend(member, 1)) == (409, "insufficient_points")


def test_l6_a_day_of_25_hours_is_valid_to_its_end(shop):
    member = shop.at("2026-01-01T00:00:00+01:00").member()
    shop.give(member, 10, expires_at="2026-10-25")

    late = shop.at("2026-10-25T22:30:00Z").spend(member, 1)
    over = shop.at("2026-10-25T23:00:00Z").spend(member, 1)

    assert late.status_code == 201
    assert code(over) == (409, "insufficient_points")


def test_l6_a_day_of_23_hours_ends_an_hour_sooner(shop):
    member = shop.at("2026-01-01T00:00:00+01:00").member()
    shop.give(member, 10, expires_at="2026-03-29")

    (lot,) = shop.points(member)["lots"]

    assert lot["expires_at"] == "2026-03-29T22:00:00Z"


def test_l6_where_midnight_does_not_exist_the_day_ends_at_the_jump(db):
    shop = Shop(time_zone="Africa/Cairo")
    member = shop.at("2026-01-01T00:00:00Z").member()
    shop.give(member, 10, expires_at="2026-04-23")

    points = shop.points(member)

    assert points["lots"][0]["expires_at"] == "2026-04-23T22:00:00Z"
    assert points["expiring"] == [{"on": "2026-04-23", "points": 10}]
    assert shop.at("2026-04-23T21:59:59Z").available(member) == 10
    assert shop.at("2026-04-23T22:00:00Z").available(member) == 0


def test_l7_hours_are_elapsed_and_days_are_calendar(shop):
    member = shop.at("2026-10-24T12:00:00+02:00").member()
    shop.give(member, 10)

    hours = shop.hold(member, 1, ttl_seconds=24 * 3600).json()
    day = shop.hold(member, 1, ttl_days=1).json()

    assert hours["expires_at"] == "2026-10-25T10:00:00Z"  # 11:00 in Berlin's winter
    assert day["expires_at"] == "2026-10-25T11:00:00Z"  # 12:00
    assert shop.at("2026-10-25T11:00:00+01:00").points(member)["held"] == 1
    assert shop.at("2026-10-25T12:00:00+01:00").points(member)["held"] == 0


def test_l9_a_hold_is_captured_in_part_and_once(shop):
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 500)

    held = shop.hold(member, 300, ttl_seconds=3600).json()
    points = shop.points(member)
    assert (points["available"], points["balance"], points["held"]) == (200, 500, 300)
    refused = shop.hold(member, 250, ttl_seconds=3600)
    assert code(refused) == (409, "insufficient_points")
    assert refused.json()["available"] == 200

    path = f"holds/{held['id']}/capture/"
    first = shop.api.post(path, {"points": 280}, key="capture")
    again = shop.api.post(path, {"points": 280}, key="capture")
    other = shop.api.post(path, {"points": 280}, key="another")

    assert first.status_code == 200
    assert (first.json()["captured"], first.json()["entry"]["points"]) == (280, -280)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert code(other) == (409, "hold_resolved")
    assert shop.available(member) == 220


def test_l14_the_same_request_again_is_answered_again(shop):
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 150)
    body = {"points": 100, "reference": "till-1"}
    path = f"members/{member}/points/redemptions/"

    first = shop.api.post(path, body, key="K")
    shop.at("2026-03-01T12:05:00+01:00")
    again = shop.api.post(path, body, key="K")
    other = shop.api.post(path, {**body, "points": 90}, key="K")
    by_reference = shop.api.post(path, body, key="K2")
    conflict = shop.api.post(path, {**body, "points": 90}, key="K3")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert code(other) == (422, "idempotency_mismatch")
    assert (by_reference.status_code, by_reference.json()) == (200, first.json())
    assert code(conflict) == (409, "reference_conflict")
    spent = [one for one in shop.entries(member) if one["kind"] == "redeem"]
    assert [one["points"] for one in spent] == [-100]


def test_l51_large_adjustments_take_two(shop):
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    body = {"points": 1500, "reason": "goodwill"}

    asked = shop.api.post(f"members/{member}/points/adjustments/", body)

    assert asked.status_code == 202
    told = asked.json()
    assert told["status"] == "awaiting_approval"
    url = told["approval"]["url"]
    assert shop.points(member)["balance"] == 0
    assert code(shop.api.post(f"{url}approve/")) == (409, "own_request")
    first = shop.second.post(f"{url}approve/")
    second = shop.second.post(f"{url}approve/")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert first.json()["result"]["entry"]["points"] == 1500
    assert shop.points(member)["balance"] == 1500
    assert len(shop.entries(member)) == 1
    line = AuditEntry.objects.get(action="approvals.approve")
    assert line.details["before"]["balance"] == 0
    assert line.details["after"]["balance"] == 1500
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=line.pk).update(details={})
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=line.pk).delete()


def test_l51_at_the_limit_one_is_enough_and_taking_counts_too(shop):
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 1000)
    shop.give(member, 1000)

    taking = shop.api.post(
        f"members/{member}/points/adjustments/", {"points": -1001, "reason": "error"}
    )

    assert taking.status_code == 202
