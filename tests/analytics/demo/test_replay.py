"""Rules replayed over the demo: today's are the ledger, and twice the rate is arithmetic."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from analytics.demo import services as demo
from loyalty.orders.models import Order
from loyalty.points.models import Transfer
from loyalty.tiers.models import TierMembership
from members.programme import queries as programme
from members.programme import rules
from tests.analytics.demo.test_ledger import AT
from tests.loyalty.replay.playing import draft, replayed

pytestmark = pytest.mark.django_db


def factor(order: Order) -> Fraction:
    """What the tier held at the purchase multiplies by: 1.2 as Silver, 1.5 as Gold."""
    held = TierMembership.objects.held(at=order.placed_at)
    tier = held.filter(member=order.member_id).values_list("tier", flat=True).first()
    return {"silver": Fraction(12, 10), "gold": Fraction(15, 10)}.get(
        tier or "", Fraction(1)
    )


def by_hand(rate: int) -> tuple[int, int]:
    """Points of whole yuan, double from 9 to 11 November, and what returns take of them:
    the share the books took of what the order really earned."""
    earned = {one.reference: one for one in Transfer.objects.filter(kind="earn")}
    back: Counter[int | None] = Counter()
    for taken in Transfer.objects.filter(kind__in=("reverse", "uncollected")):
        back[taken.reverses_id] += taken.points
    points = taken_back = 0
    for order in Order.objects.orders():
        double = order.day.month == 11 and 9 <= order.day.day <= 11
        weight = order.amount_minor * factor(order) * rate * (2 if double else 1)
        gives = int(weight // 100)
        points += gives
        # Nothing of the demo is corrected, so a purchase earns once.
        real = earned.get(f"order:{order.pk}")
        if real is not None:
            taken_back += gives * back[real.pk] // real.points
    return points, taken_back


def test_todays_rules_are_the_ledger_and_twice_the_rate_is_what_arithmetic_says():
    demo.load(members=300, months=6, seed=5, end=None, at=AT)
    earn = rules.dump(programme.latest())["earn"]

    found = replayed(draft(earn={**earn, "points": 2}), months=7, at=AT).result

    today, twice = found["sides"]
    posted = sum(Transfer.objects.filter(kind="earn").values_list("points", flat=True))
    reversed_ = Transfer.objects.filter(kind__in=("reverse", "uncollected"))
    taken = sum(reversed_.values_list("points", flat=True))
    assert TierMembership.objects.filter(tier="gold").exists()
    assert today["points"] == found["ledger"]["points"] == posted > 0
    assert today["back"] == taken > 0
    assert (today["points"], today["back"]) == by_hand(1)
    assert (twice["points"], twice["back"]) == by_hand(2)
    # Of what lives still, the part that was not spent is what the lots hold.
    assert today["owed"] == found["ledger"]["remaining"] > 0
