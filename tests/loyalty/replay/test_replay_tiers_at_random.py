"""Random histories with tiers that multiply: today's rules replayed are the ledger, and
a draft's tiers are as a naive reading has them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from loyalty.orders.models import Order
from loyalty.points.models import Transfer
from members.programme import queries as programme
from members.programme import rules as settings_of
from tests import histories
from tests.loyalty.replay.playing import draft, replayed
from tests.loyalty.tiers import model
from tests.loyalty.tiers.test_histories import FIRST, Side, night, noon, publish, rules

FACTORS = {"base": 1, "silver": 2, "gold": 3}
WHOLE, HALF = (50, 100), (25, 50)
# Short enough for all of them to lie in the window of a replay.
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5, 20, 31, 61]),
        st.sampled_from(["night", "buy", "buy", "buy", "late", "return"]),
        st.integers(0, 1),  # member
        st.sampled_from([10, 40, 50, 60, 100]),
        st.integers(0, 100),
    ),
    min_size=4,
    max_size=16,
)


@pytest.mark.django_db(transaction=False)
@histories.worlds(8)
@given(told=rules, happens=steps)
def test_random_histories_are_replayed_as_they_were_and_as_they_would_have_been(
    told, happens
):
    with transaction.atomic():
        naive = publish({**told, "basis": "spend", "factors": FACTORS})
        sides, today = lived(naive, happens)
        compared(naive, sides, today)
        transaction.set_rollback(True)


def lived(naive: dict[str, Any], happens: list[Any]) -> tuple[list[Side], date]:
    sides = [Side(naive), Side(naive)]
    today = FIRST
    for days, what, who, amount, pick in happens:
        today += timedelta(days=days)
        if what == "night":
            # Before its day begins to sell: one that runs late dates what it changes
            # before purchases that earned without it.
            today += timedelta(days=1)
            night(today, sides)
        elif what == "buy":
            sides[who].buy(amount, today, today)
        elif what == "late":
            placed = max(FIRST, today - timedelta(days=pick))
            sides[who].buy(amount, placed, today)
        elif what == "return":
            sides[who].give_back(pick, amount, today)
    return sides, today


def compared(naive: dict[str, Any], sides: list[Side], today: date) -> None:
    # Half as much reaches each tier.
    easier = settings_of.dump(programme.latest())["tier_sets"]
    for tier, threshold in zip(easier[0]["tiers"][1:], HALF, strict=True):
        tier["threshold"] = threshold
    at = noon(today + timedelta(days=1))

    same: Any = replayed(draft(), months=36, at=at).result
    found: Any = replayed(draft(tier_sets=easier), months=36, at=at).result

    posted = sum(Transfer.objects.filter(kind="earn").values_list("points", flat=True))
    assert same["sides"][0]["points"] == same["ledger"]["points"] == posted
    # Worked out for one side they are for both, or they could not be compared.
    assert [one["points"] for one in found["sides"]] == [
        sum(by_pencil(naive, side, thresholds) for side in sides)
        for thresholds in (WHOLE, HALF)
    ]


def by_pencil(naive: dict[str, Any], side: Side, thresholds: tuple[int, int]) -> int:
    """What a member's orders would have earned: each by what earlier days reached."""
    tiers = [naive["tiers"][0]]
    for tier, threshold in zip(naive["tiers"][1:], thresholds, strict=True):
        tiers.append({**tier, "threshold": threshold})
    reader = model.Member(rules={**naive, "tiers": tiers}, joined=FIRST)
    reader.entries = side.naive.entries
    days = sorted({day for day, _amount in reader.entries})
    points = 0
    for order in Order.objects.orders().filter(member=side.row):
        ranks = [0]
        for day in days:
            rank = reader.fit(day)
            ends = reader.term(rank, day, again=False)
            if day < order.day and reader.alive(ends, order.day):
                ranks.append(rank)
        factor = list(FACTORS.values())[max(ranks)]
        points += order.amount_minor * factor // 100
    return points
