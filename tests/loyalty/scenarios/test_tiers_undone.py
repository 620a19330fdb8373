"""Derived of L32 and L34: returns of what renewed a tier, locks one after another, short months."""

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


def said(shop, member):
    found = tier(shop, member)
    return found["tier"], found["reason"], found["until"]


def lock(shop, member, to, until):
    body = {"tier": to, "until": until, "reason": "complaint"}
    response = shop.api.post(f"members/{member}/tier/locks/", body)
    assert response.status_code == 201, response.content


def renewed(shop, **policy):
    """Gold until 10 February 2027, and renewed in the days of grace."""
    member = gold_until_february(shop, **policy)
    order = buy(shop, member, "2027-02-20T12:00:00+01:00", "1000.00")
    assert said(shop, member) == ("gold", "renewed", "2028-02-20")
    return member, order


def test_return_of_what_renewed_a_tier_leaves_the_days_of_grace(shop):
    member, order = renewed(shop)

    at = "2027-02-25T12:00:00+01:00"
    shop.at(at).refund(order["id"], at)

    assert said(shop, member) == ("gold", "returned", "2027-02-10")
    night(shop, "2027-03-13T00:05:00+01:00")
    assert held(shop, member) == "silver"


@pytest.mark.parametrize(
    ("downgrade", "then"), [("one_step", "silver"), ("to_fit", "base")]
)
def test_return_after_the_days_of_grace_lowers_as_they_would_have(
    shop, downgrade, then
):
    member, order = renewed(shop, downgrade=downgrade)

    at = "2027-03-20T12:00:00+01:00"
    shop.at(at).refund(order["id"], at)

    assert held(shop, member) == then


def test_return_of_what_earned_both_terms_leaves_neither(shop):
    """A month's purchase made a VIP, and the night renewed it for the month after."""
    vip = {
        "key": "vip",
        "downgrade": "one_step",
        "tiers": [
            {"key": "base", "threshold": 0},
            {"key": "one", "threshold": "50.00", "basis": "spend", "window": "month"},
            {"key": "two", "threshold": "100.00", "basis": "spend", "window": "month"},
        ],
    }
    tiers(shop, vip)
    member = shop.at("2026-05-20T12:00:00+02:00").member()
    order = buy(shop, member, "2026-05-20T12:00:00+02:00", "100.00")
    night(shop, "2026-06-01T00:05:00+02:00")
    assert said(shop, member) == ("two", "renewed", "2026-06-30")

    at = "2026-06-02T12:00:00+02:00"
    shop.at(at).refund(order["id"], at)

    assert held(shop, member) == "base"


@pytest.mark.parametrize(
    ("window", "bought", "until", "after"),
    [
        ("rolling_1m", "2025-03-31", "2025-04-30", "2025-05-01"),
        ("rolling_1m", "2025-03-30", "2025-04-30", "2025-05-01"),
        ("rolling_1m", "2025-02-28", "2025-03-28", "2025-03-29"),
        ("rolling_12m", "2028-02-29", "2029-02-28", "2029-03-01"),
        ("rolling_12m", "2028-02-28", "2029-02-28", "2029-03-01"),
        ("rolling_90d", "2025-03-31", "2025-06-29", "2025-06-30"),
    ],
)
def test_one_purchase_gives_one_term_in_months_of_any_length(
    shop, window, bought, until, after
):
    one = {
        "key": "club",
        "downgrade": "to_fit",
        "tiers": [
            {"key": "base", "threshold": 0},
            {"key": "in", "threshold": 100, "window": window},
        ],
    }
    tiers(shop, one)
    member = shop.at(f"{bought}T12:00:00Z").member()
    buy(shop, member, f"{bought}T12:00:00Z", "100.00")
    assert said(shop, member)[2] == until

    night(shop, f"{until}T12:00:00Z")
    assert held(shop, member) == "in"
    night(shop, f"{after}T12:00:00Z")

    assert held(shop, member) == "base"


def test_a_lower_lock_holds_to_its_own_end_and_no_longer(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-06-01T12:00:00+02:00").member()
    lock(shop, member, "gold", "2026-12-31")
    lock(shop, member, "silver", "2027-01-31")

    night(shop, "2027-01-01T00:05:00+01:00")
    assert said(shop, member) == ("silver", "locked", "2027-01-31")
    night(shop, "2027-02-01T00:05:00+01:00")

    assert said(shop, member) == ("base", "lock_ended", None)


def test_return_above_a_lock_leaves_the_lock_and_its_end(shop):
    tiers(shop, GOLD)
    member = shop.at("2026-09-01T12:00:00+02:00").member()
    lock(shop, member, "silver", "2026-12-31")
    order = buy(shop, member, "2026-09-05T12:00:00+02:00", "1000.00")
    assert held(shop, member) == "gold"

    at = "2026-09-06T12:00:00+02:00"
    shop.at(at).refund(order["id"], at)
    assert said(shop, member) == ("silver", "locked", "2026-12-31")
    night(shop, "2027-01-01T00:05:00+01:00")

    assert said(shop, member) == ("base", "lock_ended", None)
