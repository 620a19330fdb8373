"""The four sets shops begin with, side by side; and tiers that follow a nightly value."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from analytics.values.models import MemberValue
from config.lib import clock
from loyalty.tiers.models import TierMembership
from members.profiles.models import Member
from members.programme import tier_presets
from members.programme.tiers import dump_tier_set
from tests.shop import Shop

pytestmark = pytest.mark.django_db
AT = "2026-05-20T12:00:00+02:00"


def told(key):
    kept = dump_tier_set(tier_presets.by_key()[key])
    return {**kept, "tiers": list(kept["tiers"])}


def shop_with(*sets) -> Shop:
    shop = Shop()
    shop.at("2024-01-02T00:00:00Z").publish(tier_sets=list(sets))
    return shop.at(AT)


@pytest.mark.parametrize(
    ("spent", "held"),
    [
        (None, ["low", "ordinary", "new", "low"]),
        ("0.01", ["low", "ordinary", "ordinary", "low"]),
        ("99.99", ["low", "ordinary", "ordinary", "low"]),
        ("100.00", ["low", "potential", "vip", "low"]),
        ("300.00", ["middle", "potential", "vip", "ordinary"]),
        ("1000.00", ["high", "high", "vip", "high"]),
    ],
)
def test_four_sets_stand_side_by_side(spent, held):
    shop = shop_with(*(told(key) for key in ("value", "potential", "vip", "simple")))
    member = shop.member()
    if spent:
        shop.order(member, AT, spent)

    found = shop.api.get(f"members/{member}/tier/").json()

    assert [one["tier"] for one in found["sets"]] == held


@pytest.mark.django_db(transaction=True)
def test_a_tier_that_follows_a_value_moves_in_the_night():
    worth = {
        "key": "worth",
        "tiers": [
            {"key": "plain", "threshold": 0},
            {
                "key": "best",
                "threshold": "high",
                "basis": "metric",
                "metric": "value_tier",
            },
        ],
    }
    shop = shop_with(worth)
    for amount in ("10.00", "20.00", "30.00", "40.00", "5000.00"):
        shop.order(shop.member(), AT, amount)
    assert not TierMembership.objects.exists()

    with clock.override(datetime(2026, 5, 20, 22, tzinfo=UTC)):
        call_command("run_nightly", "--json", stdout=StringIO())

    best = set(
        TierMembership.objects.filter(
            tier="best", valid_until__isnull=True
        ).values_list("member_id", flat=True)
    )
    high = MemberValue.objects.filter(value_tier="high")
    assert best == set(high.values_list("member_id", flat=True))
    assert Member.objects.order_by("-pk").first().pk in best
