"""Tiers by pencil: one member, one set, day by day, with nothing shared with the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)


def shifted(day: date, months: int) -> date:
    """The same day some months on, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError(day)


def year_began(joined: date, day: date) -> date:
    """The last anniversary of joining by a day, found by walking from the first."""
    years = 0
    while shifted(joined, 12 * (years + 1)) <= day:
        years += 1
    while shifted(joined, 12 * years) > day:
        years -= 1
    return shifted(joined, 12 * years)


def inside(window: str, then: date, day: date, joined: date) -> bool:
    """Whether a purchase of one day counts on another."""
    if then > day:
        return False
    if window == "lifetime":
        return True
    if window == "month":
        return (then.year, then.month) == (day.year, day.month)
    if window == "calendar_year":
        return then.year == day.year
    if window == "membership_year":
        return then >= year_began(joined, day)
    number = int(window[8:-1])
    if window.endswith("d"):
        return (day - then).days < number
    return then > shifted(day, -number)


def last_day(window: str, day: date, joined: date, *, again: bool) -> date | None:
    """The last day of what is reached on a day; at the end of a period, of the next."""
    if window == "lifetime":
        return None
    if window in ("month", "calendar_year", "membership_year"):
        first = found = day + DAY if again else day
        while inside(window, first, found + DAY, joined):
            found += DAY
        return found
    number = int(window[8:-1])
    if window.endswith("d"):
        return day + number * DAY
    return shifted(day, number)


@dataclass(frozen=True)
class Held:
    rank: int
    before: int
    before_ends: date | None
    earned_on: date
    ends_on: date | None
    reason: str


@dataclass
class Model:
    rules: Mapping[str, Any]
    joined: date
    spent: list[tuple[date, int]] = field(default_factory=list)
    history: list[Held] = field(default_factory=list)

    @property
    def held(self) -> Held | None:
        return self.history[-1] if self.history else None

    @property
    def rank(self) -> int:
        return self.history[-1].rank if self.history else 0

    def fit(self, day: date) -> int:
        window = self.rules["window"]
        total = sum(
            amount
            for then, amount in self.spent
            if inside(window, then, day, self.joined)
        )
        return sum(1 for limit in self.rules["thresholds"] if total >= limit)

    def buy(self, day: date, amount: int) -> None:
        self.spent.append((day, amount))
        fit, held = self.fit(day), self.held
        renews = held is not None and held.ends_on is not None and held.ends_on < day
        if fit > self.rank or (fit and fit == self.rank and renews):
            self._hold(fit, day, "renewed" if fit == self.rank else "reached")

    def give_back(self, order: int, day: date) -> None:
        then, _amount = self.spent[order]
        self.spent[order] = (then, 0)
        held = self.held
        if held is None or held.reason == "ended":
            return
        fit = max(self.fit(held.earned_on), self.fit(day))
        late = held.earned_on + self.rules["clawback_days"] * DAY
        if fit >= held.rank or day > late:
            return
        lasts = (
            held.before_ends is None
            or held.before_ends + self.rules["grace_days"] * DAY >= day
        )
        before = held.before if held.before < held.rank and lasts else 0
        if before and before >= fit:
            old = next(one for one in reversed(self.history) if one.rank == before)
            self.history.append(
                Held(
                    before,
                    held.rank,
                    held.ends_on,
                    old.earned_on,
                    held.before_ends,
                    "returned",
                )
            )
        else:
            self._hold(fit, day, "returned")

    def night(self, morning: date) -> None:
        day, held = morning - DAY, self.held
        fit = self.fit(day)
        if fit > self.rank:
            self._hold(fit, morning, "reached")
        elif held is None or held.rank == 0:
            return
        elif held.ends_on is None:
            self._unreached(held, fit, day)
        elif held.ends_on <= day:
            if fit == held.rank:
                self._hold(fit, day, "renewed", again=True)
            elif held.ends_on + self.rules["grace_days"] * DAY <= day:
                self._lower(held, fit, day)

    def _unreached(self, held: Held, fit: int, day: date) -> None:
        if fit == held.rank:
            return
        if self.rules["grace_days"] == 0:
            self._lower(held, fit, day)
        else:
            begun = Held(
                held.rank,
                held.before,
                held.before_ends,
                held.earned_on,
                day,
                held.reason,
            )
            self.history[-1] = begun

    def _lower(self, held: Held, fit: int, day: date) -> None:
        step = held.rank - 1 if self.rules["downgrade"] == "one_step" else 0
        self._hold(max(fit, step), day, "ended", again=True)

    def _hold(self, rank: int, day: date, reason: str, *, again: bool = False) -> None:
        ends = None
        if rank:
            ends = last_day(self.rules["window"], day, self.joined, again=again)
        before_ends = self.history[-1].ends_on if self.history else None
        self.history.append(Held(rank, self.rank, before_ends, day, ends, reason))
