"""Replays where tiers multiply: today's are the ledger, a draft's are worked out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.points.models import Transfer
from loyalty.replay.rules import same_ladder
from loyalty.tiers.models import TierMembership
from members.programme import rules as programme
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.replay.playing import NOW, buy, draft, publish, replayed, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return factories.member("mia")


def posted() -> list[int]:
    return list(
        Transfer.objects.filter(kind="earn")
        .order_by("pk")
        .values_list("points", flat=True)
    )


def points(replay) -> list[int]:
    return [side["points"] for side in replay.result["sides"]]


def test_todays_rules_are_the_ledger_where_tiers_multiply(mia):
    publish(status())
    for day in (1, 2, 3):
        buy(mia, 60_00, on=date(2026, 3, day))

    found = replayed(draft(earn={"points": 2}))

    # Gold from the second purchase on, so the third counts half as much again.
    assert posted() == [60, 60, 90]
    assert (points(found), found.result["ledger"]["points"]) == ([210, 420], 210)


def test_a_draft_that_only_gives_more_is_replayed_by_the_tiers_that_were_held(mia):
    publish(status())
    for day in (1, 2, 3):
        buy(mia, 60_00, on=date(2026, 3, day))
    TierMembership.objects.update(valid_from=datetime(2026, 3, 1, tzinfo=UTC))

    found = replayed(draft(tier_sets=[status(factor="3")]))

    # The books say Gold from the first day on, whatever was bought.
    assert points(found) == [270, 540]
    assert found.result["sides"][1]["moves"] == []


def test_a_draft_that_is_reached_sooner_multiplies_sooner(mia):
    publish(status(gold=500))
    for day in (1, 2, 3):
        buy(mia, 60_00, on=date(2026, 3, day))

    found = replayed(draft(tier_sets=[status(gold=50)]))

    # Gold by what the day before reached: 60 + 90 + 90.
    assert points(found) == [180, 240]
    (moves,) = found.result["sides"][1]["moves"]
    # 90 days after March nothing is counted any more, so nobody moves.
    assert (moves["up"], moves["down"], moves["stays"]) == ([], [], 1)


def test_a_tier_of_a_draft_ends_with_its_time(mia):
    publish()
    # Reached on 1 January for 90 days, to 1 April, and 10 of grace.
    buy(mia, 60_00, on=date(2026, 1, 1))
    buy(mia, 10_00, on=date(2026, 4, 11))
    buy(mia, 10_00, on=date(2026, 4, 12))

    found = replayed(draft(tier_sets=[status(gold=50, grace_days=10)]))

    assert points(found) == [80, 60 + 15 + 10]


def test_moves_between_tiers_are_counted(mia):
    publish()
    buy(mia, 60_00, on=NOW.date() - timedelta(days=5))
    factories.member("leo")

    found = replayed(draft(tier_sets=[status(gold=50)]))

    (moves,) = found.result["sides"][1]["moves"]
    assert moves["set"] == "status"
    (up,) = moves["up"]
    assert (up["from"], up["to"], up["members"]) == ("base", "gold", 1)
    assert moves["stays"] == 1


def test_sets_side_by_side_multiply(mia):
    publish()
    buy(mia, 60_00, on=date(2026, 3, 1))
    buy(mia, 10_00, on=date(2026, 3, 2))
    other = {**status(gold=50, factor="2"), "key": "other"}

    found = replayed(draft(tier_sets=[status(gold=50), other]))

    assert points(found) == [70, 60 + 30]


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"factor": "2"}, True),
        ({"name": "Standing"}, True),
        ({"gold": 101}, False),
        ({"grace_days": 1}, False),
    ],
)
def test_only_what_reaches_and_keeps_a_tier_makes_another_ladder(changed, same):
    one = programme.parse({"tier_sets": [status()]})

    other = programme.parse({"tier_sets": [status(**changed)]})

    assert one.tier_sets[0].tiers[1].multiplier == Decimal("1.5")
    assert same_ladder(one, other) is same


def test_a_draft_that_gives_up_tiers_leaves_todays_rules_to_the_ledger(mia):
    publish(status())
    for day in (1, 2, 3):
        buy(mia, 60_00, on=date(2026, 3, day))
    TierMembership.objects.update(valid_from=datetime(2026, 3, 1, tzinfo=UTC))

    found = replayed(draft(tier_sets=[]))

    # By what the books say was held, 90 each; worked out it were 60, 90 and 90.
    assert points(found) == [270, 180]


def test_who_holds_a_tier_that_is_given_up_moves_at_once(mia):
    publish(status())
    buy(mia, 120_00, on=NOW.date() - timedelta(days=5))
    renamed = status()
    renamed["tiers"][1]["key"] = "star"
    renamed["tiers"][1]["threshold"] = 500

    (moves,) = replayed(draft(tier_sets=[renamed])).result["sides"][1]["moves"]

    assert (moves["up"], moves["down"], moves["stays"]) == ([], [], 0)
    (gone,) = moves["gone"]
    assert (gone["from"], gone["to"], gone["members"]) == ("", "base", 1)


def test_tiers_of_another_version_in_the_window_are_worked_out_anew(mia):
    publish(status())
    for day in (1, 2, 3):
        buy(mia, 60_00, on=date(2026, 3, day))
    renamed = status()
    renamed["tiers"][1]["key"] = "star"
    ProgrammeVersion.objects.create(
        number=3,
        settings={"tier_sets": [renamed]},
        effective_from=datetime(2026, 4, 1, tzinfo=UTC),
        created_at=factories.AT,
    )

    found = replayed(draft(earn={"points": 2}))

    # Nobody ever held a Star; had there been one, it were 60, 60 and 90.
    assert points(found) == [210, 420]
