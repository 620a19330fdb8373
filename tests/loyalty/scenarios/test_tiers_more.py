"""Derived of the scenarios on tiers: months of VIPs, returns, factors, several sets."""

from __future__ import annotations

import pytest

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

VIP = {
    "key": "vip",
    "downgrade": "to_fit",
    "tiers": [
        {"key": "ordinary", "threshold": 0},
        {"key": "vip", "threshold": "100.00", "basis": "spend", "window": "month"},
    ],
}


@pytest.mark.parametrize(("last", "then"), [("49.99", "ordinary"), ("50.00", "vip")])
def test_a_month_of_100_makes_a_vip_and_of_9999_does_not(shop, last, then):
    tiers(shop, VIP)
    member = shop.at("2026-05-01T00:00:00+02:00").member()
    buy(shop, member, "2026-05-01T00:00:00+02:00", "50.00")

    # Half past eleven in Berlin is the next month nowhere else.
    buy(shop, member, "2026-05-31T23:30:00+02:00", last)

    assert held(shop, member) == then


def test_the_month_is_that_of_the_programme_s_zone(shop):
    tiers(shop, VIP)
    member = shop.at("2026-04-30T23:59:00+02:00").member()
    buy(shop, member, "2026-04-30T23:59:00+02:00", "99.99")

    # 22:00 on 30 April in London, and May in Berlin.
    buy(shop, member, "2026-04-30T22:00:00Z", "0.01")

    assert held(shop, member) == "ordinary"


def test_a_vip_stays_one_for_the_month_after(shop):
    tiers(shop, VIP)
    member = shop.at("2026-05-20T12:00:00+02:00").member()
    buy(shop, member, "2026-05-20T12:00:00+02:00", "100.00")
    assert tier(shop, member)["until"] == "2026-05-31"

    night(shop, "2026-06-01T00:00:00+02:00")
    assert tier(shop, member)["until"] == "2026-06-30"
    night(shop, "2026-07-01T00:00:00+02:00")

    assert held(shop, member) == "ordinary"


def test_a_return_takes_back_the_tier_it_gave(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    buy(shop, member, "2026-01-10T12:00:00+01:00", "600.00")
    order = buy(shop, member, "2026-02-01T12:00:00+01:00", "400.00")
    assert held(shop, member) == "gold"

    at = "2026-02-20T12:00:00+01:00"
    shop.at(at).refund(order["id"], at)

    found = tier(shop, member)
    assert (found["tier"], found["reason"], found["until"]) == (
        "silver",
        "returned",
        "2027-01-10",
    )
    assert found["missing"] == 400


def test_a_return_after_the_days_of_clawback_lowers_at_the_end_only(shop):
    tiers(shop, {**GOLD, "clawback_days": 30, "grace_days": 0})
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    order = buy(shop, member, "2026-01-10T12:00:00+01:00", "1000.00")

    at = "2026-02-10T12:00:00+01:00"
    shop.at(at).refund(order["id"], at)

    assert held(shop, member) == "gold"
    night(shop, "2027-01-11T00:00:00+01:00")
    assert held(shop, member) == "silver"


def test_a_return_of_something_else_keeps_the_tier(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    order = buy(shop, member, "2026-01-10T12:00:00+01:00", "100.00")
    buy(shop, member, "2026-01-11T12:00:00+01:00", "1000.00")

    at = "2026-01-20T12:00:00+01:00"
    shop.at(at).refund(order["id"], at)

    assert held(shop, member) == "gold"


def test_l26_buying_and_returning_ten_times_lifts_nobody(shop):
    tiers(shop, GOLD)
    shop.publish(pending_days=0)
    member = shop.at("2026-01-01T12:00:00+01:00").member()

    for day in range(1, 11):
        at = f"2026-01-{day:02}T12:00:00+01:00"
        order = buy(shop, member, at, "600.00")
        assert held(shop, member) == "silver"
        shop.refund(order["id"], at)
        assert held(shop, member) == "base"


def test_the_tier_held_multiplies_what_the_next_order_earns(shop):
    faster = {
        **GOLD,
        "tiers": [*GOLD["tiers"][:2], {**GOLD["tiers"][2], "multiplier": "1.5"}],
    }
    tiers(shop, faster)
    member = shop.at("2026-01-10T12:00:00+01:00").member()

    first = buy(shop, member, "2026-01-10T12:00:00+01:00", "1000.00")
    second = buy(shop, member, "2026-01-11T12:00:00+01:00", "33.33")

    # 33.33 × 1.5 = 49.995, rounded once.
    assert (first["points_awarded"], second["points_awarded"]) == (1000, 49)


def test_sets_stand_side_by_side(shop):
    tiers(shop, GOLD, VIP)
    member = shop.at("2026-05-20T12:00:00+02:00").member()
    buy(shop, member, "2026-05-20T12:00:00+02:00", "500.00")

    found = tier(shop, member)

    assert [(one["set"], one["tier"]) for one in found["sets"]] == [
        ("status", "silver"),
        ("vip", "vip"),
    ]
    assert tier(shop, member, set="vip")["tier"] == "vip"


def test_tiers_alone_is_short_for_one_set(shop):
    shop.at("2024-01-02T00:00:00Z").publish(
        tiers=[
            {"key": "gold", "name": "Gold", "threshold": 1000, "downgrade": "to_fit"},
            {"key": "silver", "name": "Silver", "threshold": 500, "grace_days": 10},
        ]
    )
    member = shop.at("2026-05-20T12:00:00+02:00").member()

    before = tier(shop, member)
    buy(shop, member, "2026-05-20T12:00:00+02:00", "500.00")

    assert (before["tier"], before["next"]["tier"], before["missing"]) == (
        "base",
        "silver",
        500,
    )
    assert tier(shop, member)["grace_until"] == "2027-05-30"


def test_a_night_run_twice_changes_nothing(shop):
    member = gold_until_february(shop, grace_days=0)

    first = night(shop, "2027-02-11T00:00:00+01:00")
    before = tier(shop, member)
    night(shop, "2027-02-11T05:00:00+01:00")

    assert first["tiers"] == 1
    assert tier(shop, member) == before


def test_lower_thresholds_lift_in_the_first_night(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    buy(shop, member, "2026-01-10T12:00:00+01:00", "800.00")
    night(shop, "2026-01-11T00:00:00+01:00")
    easier = {
        **GOLD,
        "tiers": [*GOLD["tiers"][:2], {**GOLD["tiers"][2], "threshold": 800}],
    }
    shop.at("2026-01-11T12:00:00+01:00").publish(tier_sets=[easier])

    night(shop, "2026-01-12T00:00:00+01:00")

    found = tier(shop, member)
    assert (found["tier"], found["since"]) == ("gold", "2026-01-11T23:00:00Z")


def test_a_profile_has_the_tier(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    buy(shop, member, "2026-01-10T12:00:00+01:00", "500.00")

    found = shop.api.get(f"members/{member}/").json()

    assert (found["tier"]["tier"], found["tier"]["missing"]) == ("silver", 500)


def test_tills_whose_clocks_disagree_are_both_served(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-01-10T12:00:00+01:00").member()
    buy(shop, member, "2026-01-10T12:00:05+01:00", "500.00")

    # Waited for the other till, and read its clock before it.
    buy(shop, member, "2026-01-10T12:00:00+01:00", "500.00")

    found = tier(shop.at("2026-01-10T12:00:06+01:00"), member)
    assert (found["tier"], [one["from"] for one in found["history"]]) == (
        "gold",
        ["2026-01-10T11:00:05Z", "2026-01-10T11:00:05Z"],
    )
