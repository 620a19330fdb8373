"""What a replay is of, and what its numbers are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from config.lib import periods
from loyalty.orders.grants import Stretch
from members.programme import rules as programme
from members.programme.rules import Settings
from members.programme.tiers import TierSet

JOB_KIND = "replay"
TODAY = "today"
MAX_MONTHS = 36
# Members whose difference stands by name on the page, at either end.
TOP = 20
# Where a difference in points falls: below -5,000, … none, … 5,000 and more.
EDGES = (-4999, -999, -499, -99, -49, -9, 0, 1, 10, 50, 100, 500, 1000, 5000)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One set of rules, as if it had been in force for the whole window."""

    key: str
    name: str
    settings: Settings

    @property
    def hash(self) -> str:
        return hash_of(programme.dump(self.settings))

    def dump(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "name": self.name,
            "number": self.settings.number,
            "hash": self.hash,
            "settings": programme.dump(self.settings),
        }


def same_ladder(one: Settings, other: Settings) -> bool:
    """Whether members would hold the same tiers under both: what a tier gives and what
    it is called may differ, what reaches it and keeps it may not."""
    return _ladder(one) == _ladder(other)


def multiplies_alike(one: Settings, today: Settings) -> bool:
    """Whether members would hold what multiplies their points as they do today: of each
    set that does, the tiers are reached and kept as today. Given up it multiplies none."""
    known = _ladder(today)
    return all(
        _plain(each) in known
        for each in one.tier_sets
        if any(tier.multiplier != 1 for tier in each.tiers)
    )


def _ladder(settings: Settings) -> list[TierSet]:
    return [_plain(one) for one in settings.tier_sets]


def _plain(one: TierSet) -> TierSet:
    """A set by what reaches and keeps its tiers."""
    plain: dict[str, Any] = {"name": "", "multiplier": Decimal(1), "benefits": ()}
    return replace(
        one, name="", tiers=tuple(replace(tier, **plain) for tier in one.tiers)
    )


def reached_by(sides: Iterable[Side], *bases: str) -> Iterator[TierSet]:
    """Sets with a tier that is reached by one of these; everybody has the lowest."""
    for side in sides:
        for one in side.settings.tier_sets:
            if any(tier.basis in bases for tier in one.tiers[1:]):
                yield one


def side_of(told: Mapping[str, Any]) -> Side:
    settings = programme.parse(told["settings"], number=told["number"])
    return Side(key=told["key"], name=told["name"], settings=settings)


def hash_of(settings: Mapping[str, Any]) -> str:
    """This tells whether rules are the ones that were replayed."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Orders from the first local day of a month until the moment `as_of`.

    Whole months at the beginning: limits of a month have nothing before them.
    """

    first: date
    as_of: datetime

    def starts(self, settings: Settings) -> datetime:
        return periods.day_start(self.first, settings.zone)


def window_of(*, months: int, as_of: datetime, settings: Settings) -> Window:
    """The current month so far and the whole months before it, `months` in all."""
    today = periods.day_of(as_of, settings.zone)
    first = periods.add_months(today.replace(day=1), 1 - months)
    return Window(first=first, as_of=as_of)


def stretches_of(
    side: Side, *, timeline: Sequence[Stretch], starts: datetime
) -> list[Stretch]:
    """The rules as they were until the window, then this side's: a card of stamps that
    stays the same goes on, another begins."""
    before = [
        Stretch(settings=one.settings, starts=one.starts, ends=_first(one.ends, starts))
        for one in timeline
        if one.starts is None or one.starts < starts
    ]
    return [*before, Stretch(settings=side.settings, starts=starts)]


def _first(ends: datetime | None, starts: datetime) -> datetime:
    return starts if ends is None else min(ends, starts)


def still_owed(
    months: Mapping[str, Mapping[str, int]], ledger: Mapping[str, Any]
) -> int:
    """Points that would be outstanding: of each month's points that have not expired,
    the part that members still hold of what they really earned in that month.

    Where nothing was earned there is nobody to learn from, and all counts as held.
    """
    owed = Fraction(0)
    for month, told in months.items():
        real = ledger.get(month, {})
        base = real.get("alive", 0)
        held = Fraction(real["remaining"], base) if base else Fraction(1)
        owed += told["alive"] * held
    return int(owed)
