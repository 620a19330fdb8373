"""Scenarios L31, L32, L34, L35: tiers by the HTTP API and the night."""

from __future__ import annotations

import json

import pytest

from members.audit.models import AuditEntry
from tests.api import code
from tests.loyalty.tiers.shop import (
    GOLD,
    buy,
    gold_until_february,
    held,
    night,
    tier,
    tiers,
)

pytestmark = pytest.mark.django_db


def test_l31_spending_keeps_gold(shop):
    tiers(shop, GOLD)
    shop.publish(pending_days=0)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    buy(shop, member, "2026-01-10T12:00:00+01:00", "1050.00")

    shop.at("2026-01-11T12:00:00+01:00").spend(member, 900)

    found = tier(shop, member)
    assert (found["tier"], found["until"]) == ("gold", "2027-01-10")
    assert shop.points(member)["available"] == 150
    night(shop, "2026-01-12T00:00:00+01:00")
    assert held(shop, member) == "gold"


def test_l32_no_downgrade_before_the_end(shop):
    member = gold_until_february(shop)

    found = tier(shop, member)
    assert (found["tier"], found["until"], found["grace_until"]) == (
        "gold",
        "2027-02-10",
        "2027-03-12",
    )
    night(shop, "2026-08-20T00:00:00+02:00")

    assert held(shop, member) == "gold"


def test_l32_grace_then_a_step_down(shop):
    member = gold_until_february(shop)
    buy(shop, member, "2026-09-01T12:00:00+02:00", "700.00")
    assert tier(shop, member)["until"] == "2027-02-10"

    for day in ("2027-02-11", "2027-03-12"):
        night(shop, f"{day}T00:00:00+01:00")
        assert held(shop, member) == "gold"
    night(shop, "2027-03-13T00:00:00+01:00")

    assert held(shop, member) == "silver"
    assert [
        (one["previous"], one["tier"], one["reason"])
        for one in tier(shop, member)["history"]
    ] == [
        ("gold", "silver", "ended"),
        ("silver", "gold", "reached"),
        ("base", "silver", "reached"),
    ]


def test_l32_renewed_in_the_days_of_grace(shop):
    member = gold_until_february(shop)
    buy(shop, member, "2026-09-01T12:00:00+02:00", "700.00")
    night(shop, "2027-02-11T00:00:00+01:00")

    buy(shop, member, "2027-03-01T12:00:00+01:00", "300.00")

    found = tier(shop, member)
    assert (found["tier"], found["until"], found["reason"]) == (
        "gold",
        "2028-03-01",
        "renewed",
    )
    # Held without a break since the first time.
    assert found["since"] == "2026-02-10T11:00:00Z"
    night(shop, "2027-03-13T00:00:00+01:00")
    assert held(shop, member) == "gold"


@pytest.mark.parametrize(
    ("policy", "then"), [("one_step", "silver"), ("to_fit", "base")]
)
def test_l32_with_nothing_earned_the_policy_decides(shop, policy, then):
    member = gold_until_february(shop, downgrade=policy)

    night(shop, "2027-03-13T00:00:00+01:00")

    assert held(shop, member) == then


def test_l32_told_late_counts_on_its_own_day(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-08-15T12:00:00+02:00").member()

    shop.order(member, "2026-02-10T12:00:00+01:00", "500.00")
    assert held(shop, member) == "silver"
    shop.order(member, "2025-08-01T12:00:00+02:00", "600.00")

    # In August 2026 the window holds 500, but in February it held 1,100.
    shop.order(member, "2026-02-11T12:00:00+01:00", "1.00")
    found = tier(shop, member)
    assert (found["tier"], found["until"]) == ("gold", "2027-02-10")


def lock(shop, member, tier="gold", until="2026-12-31", **more):
    body = {"tier": tier, "until": until, "reason": "Hotel partner", **more}
    return shop.api.post(f"members/{member}/tier/locks/", body)


def test_l34_a_lock_keeps_a_tier_to_its_day(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-06-01T12:00:00+02:00").member()

    made = lock(shop, member)

    assert made.status_code == 201, made.content
    found = tier(shop, member)
    assert (found["tier"], found["until"], found["reason"]) == (
        "gold",
        "2026-12-31",
        "locked",
    )
    assert found["locks"][0]["author"] == f"key:{shop.api.key.pk}"
    for day in ("2026-06-02", "2026-12-31"):
        night(shop, f"{day}T00:00:00+01:00")
        assert held(shop, member) == "gold"
    night(shop, "2027-01-01T00:00:00+01:00")
    assert held(shop, member) == "base"
    entry = AuditEntry.objects.get(action="tiers.lock")
    assert (entry.agent, entry.details["tier"], entry.details["until"]) == (
        f"key:{shop.api.key.pk}",
        "gold",
        "2026-12-31",
    )
    assert "Hotel" not in json.dumps(entry.details)


def test_l34_a_lock_lets_a_tier_rise(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-06-01T12:00:00+02:00").member()
    lock(shop, member, tier="silver")

    buy(shop, member, "2026-06-02T12:00:00+02:00", "1000.00")
    assert held(shop, member) == "gold"
    night(shop, "2027-01-01T00:00:00+01:00")

    assert held(shop, member) == "gold"


def test_l34_a_lock_holds_what_would_end(shop):
    member = gold_until_february(shop, grace_days=0)
    shop.at("2027-02-01T12:00:00+01:00")
    lock(shop, member, until="2027-06-30")

    night(shop, "2027-02-11T00:00:00+01:00")
    assert held(shop, member) == "gold"
    night(shop, "2027-07-01T00:00:00+02:00")

    assert held(shop, member) == "silver"


def test_a_lock_taken_off_is_judged_at_once(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-06-01T12:00:00+02:00").member()
    buy(shop, member, "2026-06-01T12:00:00+02:00", "500.00")
    made = lock(shop, member).json()

    path = f"members/{member}/tier/locks/{made['id']}/release/"
    done = shop.api.post(path, {"reason": "Partner left"})

    assert done.status_code == 200, done.content
    assert done.json()["release_reason"] == "Partner left"
    found = tier(shop, member)
    assert (found["tier"], found["until"]) == ("silver", "2027-06-01")
    assert code(shop.api.post(path, {"reason": "again"})) == (409, "not_locked")


def test_a_lock_that_is_wrong_is_refused_by_field(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-06-01T12:00:00+02:00").member()

    assert code(lock(shop, member, tier="platin")) == (400, "invalid")
    assert code(lock(shop, member, until="2026-05-31")) == (409, "lock_over")
    assert code(lock(shop, member, set="other")) == (400, "invalid")
    assert held(shop, member) == "base"


BALANCE = {
    "key": "status",
    "tiers": [
        {"key": "base", "threshold": 0},
        {"key": "silver", "threshold": 500, "basis": "balance"},
    ],
}


def test_l35_what_comes_and_ends_at_one_midnight_moves_nobody(shop):
    tiers(shop, BALANCE)
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 300, expires_at="2026-03-15")
    shop.give(member, 100)
    # 200 that become available at the midnight of the 16th: fourteen days on.
    buy(shop, member, "2026-03-02T12:00:00+01:00", "200.00")

    night(shop, "2026-03-16T00:00:00+01:00")

    found = tier(shop, member)
    assert shop.points(member)["balance"] == 300
    assert (found["tier"], found["history"]) == ("base", [])


def test_a_balance_lifts_at_once_and_the_night_lowers(shop):
    tiers(shop, BALANCE)
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 500)
    assert held(shop, member) == "silver"

    shop.spend(member, 1)
    assert held(shop, member) == "silver"
    steps = night(shop, "2026-03-02T00:00:00+01:00")

    assert (held(shop, member), steps["tiers"]) == ("base", 1)
