"""A version that leaves out a tier somebody holds."""

from __future__ import annotations

import pytest

from loyalty.tiers.models import TierMembership
from tests.loyalty.tiers.shop import GOLD, held, night, tiers
from tests.shop import Shop

pytestmark = pytest.mark.django_db
BOUGHT, PUBLISHED = "2026-01-10T12:00:00+01:00", "2026-02-01T12:00:00+01:00"


def without_silver():
    lower, _silver, gold = GOLD["tiers"]
    return {**GOLD, "tiers": [lower, gold]}


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    tiers(shop, GOLD)
    return shop


def test_whoever_held_it_is_told_that_it_was_given_up(shop):
    member = shop.at(BOUGHT).member()
    shop.order(member, BOUGHT, "600.00")
    assert held(shop, member) == "silver"
    shop.at(PUBLISHED).publish(tier_sets=[without_silver()])

    night(shop, "2026-02-02T03:00:00+01:00")

    found = TierMembership.objects.get(valid_until=None)
    assert (found.tier, found.previous, found.reason) == ("base", "silver", "given_up")
    assert found.ends_on is None
    night(shop, "2026-02-03T03:00:00+01:00")
    assert TierMembership.objects.count() == 2


def test_whoever_reached_another_one_is_told_so(shop):
    member = shop.at(BOUGHT).member()
    shop.order(member, BOUGHT, "600.00")
    lower, _silver, gold = GOLD["tiers"]
    easier = {**GOLD, "tiers": [lower, {**gold, "threshold": 550}]}
    shop.at(PUBLISHED).publish(tier_sets=[easier])

    night(shop, "2026-02-02T03:00:00+01:00")

    found = TierMembership.objects.get(valid_until=None)
    assert (found.tier, found.reason) == ("gold", "reached")
