"""Tiers that take more or give less are benefits that fall."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from members.programme import benefits_tiers


@dataclass(frozen=True)
class Tier:
    key: str = "gold"
    name: str = "Gold"
    threshold: Decimal = Decimal(1000)
    basis: str = "spend"
    window: str = "rolling_12m"
    multiplier: Decimal = Decimal("1.5")
    benefits: tuple[str, ...] = ("Lounge", "Gift")


@dataclass(frozen=True)
class Set:
    key: str = "status"
    tiers: tuple[Tier, ...] = (Tier(),)
    downgrade: str = "one_step"
    grace_days: int = 30


def lost(old: list[Set], new: list[Set]) -> list[str]:
    return [text for _key, text in benefits_tiers.sets(old, new)]


def changed(**fields) -> Set:
    return Set(tiers=(replace(Tier(), **fields),))


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (
            changed(threshold=Decimal(1200)),
            "The tier Gold would take 1200 instead of 1000.",
        ),
        (
            changed(multiplier=Decimal("1.2")),
            "Points of the tier Gold would count 1.2 times, not 1.5.",
        ),
        (changed(benefits=("Gift",)), "The tier Gold would lose: Lounge."),
        (Set(tiers=()), "This tier would be given up: Gold."),
        (
            Set(grace_days=7),
            "Days of grace after a tier ends would fall from 30 to 7.",
        ),
        (
            Set(downgrade="to_fit"),
            "Members could fall by more than one tier at a time: status.",
        ),
    ],
)
def test_less_is_found_and_more_is_not_called_less(after, text):
    assert lost([Set()], [after]) == [text]
    assert lost([after], [Set()]) == []


@pytest.mark.parametrize("fields", [{"window": "month"}, {"basis": "balance"}])
def test_another_measure_is_less_for_somebody_either_way(fields):
    words = ["Another measure would decide on this tier: Gold."]

    assert lost([Set()], [changed(**fields)]) == words
    assert lost([changed(**fields)], [Set()]) == words


def test_a_set_that_goes_is_said_once_and_a_new_one_takes_nothing():
    assert lost([Set()], []) == ["These tiers would be given up: status."]
    assert lost([], [Set()]) == []
