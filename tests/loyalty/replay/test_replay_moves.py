"""Who would hold another tier by the points of a draft, beside today's rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from loyalty.orders import refunds
from loyalty.orders import services as orders
from loyalty.orders.rules import Line
from loyalty.tiers import preview
from members.profiles.models import Member
from members.programme import queries as programme
from tests import factories
from tests.loyalty.replay.playing import NOW, buy, draft, publish, replayed, status

pytestmark = pytest.mark.django_db

RECENT = NOW.date() - timedelta(days=20)
BASE_TO_GOLD = [("base", "gold", 1)]
GOLD_TO_BASE = [("gold", "base", 1)]


@pytest.fixture
def mia():
    return factories.member("mia")


def moves(replay, side: int) -> Any:
    (found,) = replay.result["sides"][side]["moves"]
    return _ways(found["up"]), _ways(found["down"]), found["stays"]


def _ways(rows: Any) -> list[tuple[str, str, int]]:
    return [(row["from"], row["to"], row["members"]) for row in rows]


def test_twice_the_points_reach_a_tier_that_today_does_not(mia):
    publish(status(basis="qualifying_points", gold=100))
    buy(mia, 60_00, on=RECENT)
    factories.member("leo")

    found = replayed(draft(earn={"points": 2}))

    assert moves(found, 0) == ([], [], 2)
    assert moves(found, 1) == (BASE_TO_GOLD, [], 1)


def test_half_the_points_lose_a_tier_when_its_time_ends(mia):
    publish(status(basis="qualifying_points", gold=100))
    buy(mia, 120_00, on=RECENT)

    found = replayed(draft(earn={"points": 1, "per_amount": "2"}))

    assert moves(found, 0) == ([], [], 1)
    assert moves(found, 1) == ([], GOLD_TO_BASE, 0)


def test_points_before_the_replayed_months_stay_what_they_were(mia):
    publish(status(basis="qualifying_points", gold=100))
    buy(mia, 30_00, on=date(2026, 5, 31))
    buy(mia, 30_00, on=date(2026, 6, 1))

    # 30 of May, and 30 or three times 30 of June.
    found = replayed(draft(earn={"points": 2}), draft(earn={"points": 3}), months=1)

    assert moves(found, 1) == ([], [], 1)
    assert moves(found, 2) == (BASE_TO_GOLD, [], 0)


def test_what_came_back_counts_for_no_tier(mia):
    publish(status(basis="qualifying_points", gold=100))
    order = buy(mia, 60_00, on=RECENT)
    at = NOW - timedelta(hours=1)
    told = refunds.Told(external_id="r-1", refunded_at=at, amount_minor=30_00)
    refunds.refund(order_id=order.pk, told=told, by=None, actor="", at=at)

    found = replayed(draft(earn={"points": 2}), draft(earn={"points": 4}))

    assert moves(found, 1) == ([], [], 1)
    assert moves(found, 2) == (BASE_TO_GOLD, [], 0)


def test_a_line_that_earned_nothing_takes_nothing_when_it_comes_back(mia):
    publish(
        status(basis="qualifying_points", gold=100),
        earn={"excluded_categories": ["gift"]},
    )
    at = datetime.combine(RECENT, time(12), UTC)
    lines = [
        Line(line_id="1", category="tea", amount_minor=120_00),
        Line(line_id="2", category="gift", amount_minor=120_00),
    ]
    told = orders.Told(
        source="till", external_id="o", member_id=mia.pk, placed_at=at, lines=lines
    )
    order = orders.record(told=told, by=None, actor="", at=at).order
    back = refunds.Told(
        external_id="r",
        refunded_at=at + timedelta(days=1),
        lines=[refunds.Wanted(line="2")],
    )
    refunds.refund(order_id=order.pk, told=back, by=None, actor="", at=NOW)

    found = replayed(draft(earn={"points": 2, "excluded_categories": ["gift"]}))

    sides = found.result["sides"]
    assert [(one["points"], one["back"]) for one in sides] == [(120, 0), (240, 0)]
    assert moves(found, 0) == ([], [], 1)


def test_a_balance_is_the_one_members_have(mia):
    publish(status(basis="balance", gold=100), pending_days=0)
    buy(mia, 60_00, on=RECENT)

    found = replayed(draft(earn={"points": 2}))
    asks_less = replayed(draft(tier_sets=[status(basis="balance", gold=60)]))

    assert [side["moves"] for side in found.result["sides"]] == [[], []]
    assert moves(asks_less, 1) == (BASE_TO_GOLD, [], 0)


def test_todays_side_moves_whom_the_preview_moves(mia):
    publish(status(basis="qualifying_points", gold=100, grace_days=0))
    leo = factories.member("leo")
    buy(mia, 120_00, on=date(2026, 1, 5))
    buy(leo, 120_00, on=RECENT)

    found = replayed(draft(earn={"points": 2}))

    (now,) = preview.of(settings=programme.latest(), at=NOW)
    assert moves(found, 0) == ([], GOLD_TO_BASE, 1)
    assert (now.stays, [move.members for move in now.down]) == (1, [1])


def test_batches_add_up():
    publish(status(basis="qualifying_points", gold=100))
    for n in range(5):
        buy(factories.member(f"m-{n}"), 60_00, on=RECENT)

    found = replayed(draft(earn={"points": 2}), batch=2)

    assert moves(found, 1) == ([("base", "gold", 5)], [], 0)


def test_a_tier_reached_by_money_moves_nobody_for_points(mia):
    publish(status(basis="spend", gold=100))
    buy(mia, 60_00, on=RECENT)

    found = replayed(draft(earn={"points": 2}))

    assert [side["moves"] for side in found.result["sides"]] == [[], []]


def test_merged_members_are_not_counted_twice(mia):
    publish(status(basis="qualifying_points", gold=100))
    buy(mia, 60_00, on=RECENT)
    gone = factories.member("gone")
    Member.objects.filter(pk=gone.pk).update(merged_into=mia)

    found = replayed(draft(earn={"points": 2}))

    assert moves(found, 1) == (BASE_TO_GOLD, [], 0)
