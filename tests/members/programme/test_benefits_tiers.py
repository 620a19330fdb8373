"""Tiers that take more or give less are benefits that fall."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from members.programme import benefits_tiers, rules
from members.programme.tiers import Tier, TierSet

BASE = Tier(key="base", name="Base")
GOLD = Tier(
    key="gold",
    name="Gold",
    threshold=Decimal(1000),
    basis="spend",
    multiplier=Decimal("1.5"),
    benefits=("Lounge", "Gift"),
)


def status(*tiers: Tier, **fields) -> TierSet:
    told = {"grace_days": 30, **fields}
    return TierSet(key="status", name="Status", tiers=(BASE, *tiers), **told)


NOW = status(GOLD)


def lost(old: list[TierSet], new: list[TierSet]) -> list[str]:
    before, after = (
        replace(rules.parse({}), tier_sets=tuple(one)) for one in (old, new)
    )
    return [text for _key, text in benefits_tiers.sets(before, after, language="en")]


def changed(**fields) -> TierSet:
    return status(replace(GOLD, **fields))


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (
            changed(threshold=Decimal(1200)),
            "The tier Gold would take €1,200.00 instead of €1,000.00.",
        ),
        (
            changed(multiplier=Decimal("1.2")),
            "Points of the tier Gold would count 1.2 times, not 1.5.",
        ),
        (changed(benefits=("Gift",)), "The tier Gold would lose: Lounge."),
        (status(), "This tier would be given up: Gold."),
        (
            status(GOLD, grace_days=7),
            "Members would fall sooner after a tier ends: Status.",
        ),
        (
            changed(grace_days=7),
            "Members would fall sooner after a tier ends: Status.",
        ),
        (
            status(GOLD, downgrade="to_fit"),
            "Members could fall by more than one tier at a time: Status.",
        ),
        (
            changed(downgrade="to_fit"),
            "Members could fall by more than one tier at a time: Status.",
        ),
        (
            status(GOLD, clawback_days=90),
            "Days in which returns take a tier back would rise from 60 to 90.",
        ),
    ],
)
def test_less_is_found_and_more_is_not_called_less(after, text):
    assert lost([NOW], [after]) == [text]
    assert lost([after], [NOW]) == []


@pytest.mark.parametrize(
    "fields",
    [{"window": "month"}, {"basis": "balance"}, {"basis": "metric", "metric": "stage"}],
)
def test_another_measure_is_less_for_somebody_either_way(fields):
    words = ["Another measure would decide on this tier: Gold."]

    assert lost([NOW], [changed(**fields)]) == words
    assert lost([changed(**fields)], [NOW]) == words


def test_a_set_that_goes_is_said_once_and_a_new_one_takes_nothing():
    assert lost([NOW], []) == ["These tiers would be given up: Status."]
    assert lost([], [NOW]) == []


def test_another_time_that_a_tier_lasts_is_less_for_somebody_either_way():
    words = ["Some members would hold a tier for a shorter time: Status."]
    by_year = status(GOLD, validity="calendar_year")

    assert lost([NOW], [by_year]) == lost([by_year], [NOW]) == words
