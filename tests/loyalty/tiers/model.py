"""Tiers read naively from the rules, one member and one day at a time."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

DAY = timedelta(days=1)


def months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def begun(window: str, day: date, joined: date) -> date:
    """The first day that counts in a window which ends with `day`."""
    if window == "lifetime":
        return date.min
    if window == "month":
        return day.replace(day=1)
    if window == "calendar_year":
        return date(day.year, 1, 1)
    if window == "membership_year":
        return max(
            start
            for n in range(60)
            if (start := months_on(joined, 12 * n)) <= day or n == 0
        )
    number, unit = int(window[8:-1]), window[-1]
    if unit == "d":
        return day - (number - 1) * DAY
    # What was done so many months before `day`, or earlier, is over.
    first = months_on(day, -number) - 3 * DAY
    while months_on(first, number) <= day:
        first += DAY
    return first


def term(
    validity: str, window: str, day: date, joined: date, again: bool
) -> date | None:
    """The last day of what reaching a tier on `day` gives."""
    kind = window if validity == "window" else validity
    inside = day + DAY if again else day
    if kind == "calendar_year":
        return date(inside.year, 12, 31)
    if kind == "membership_year":
        starts = (months_on(joined, 12 * n) for n in range(60))
        return next(start for start in starts if start > inside) - DAY
    if kind == "month":
        return inside.replace(day=calendar.monthrange(inside.year, inside.month)[1])
    if kind == "lifetime":
        return None
    number, unit = int(kind[8:-1]), kind[-1]
    return months_on(day, number) if unit == "m" else day + number * DAY


@dataclass(frozen=True)
class Held:
    rank: int = 0
    earned_on: date = date.min
    ends_on: date | None = None
    reason: str = ""
    previous: int = 0
    previous_ends_on: date | None = None


@dataclass
class Member:
    """Rules of one set and what one member did; amounts in units of the threshold."""

    rules: dict
    joined: date
    entries: list[tuple[date, int]] = field(default_factory=list)
    held: Held = Held()
    past: list[Held] = field(default_factory=list)

    def counted(self, window: str, day: date) -> int:
        first = begun(window, day, self.joined)
        return sum(amount for on, amount in self.entries if first <= on <= day)

    def fit(self, day: date) -> int:
        reached = [0]
        for rank, tier in enumerate(self.rules["tiers"]):
            if rank and self.counted(tier["window"], day) >= tier["threshold"]:
                reached.append(rank)
        return max(reached)

    def term(self, rank: int, day: date, *, again: bool) -> date | None:
        if rank == 0:
            return None
        window = self.rules["tiers"][rank]["window"]
        return term(self.rules["validity"], window, day, self.joined, again)

    def alive(self, ends_on: date | None, today: date) -> bool:
        grace = self.rules["grace_days"] * DAY
        return ends_on is None or ends_on + grace >= today

    def move(
        self, rank: int, earned_on: date, ends_on: date | None, reason: str
    ) -> None:
        self.past.append(self.held)
        self.held = Held(
            rank, earned_on, ends_on, reason, self.held.rank, self.held.ends_on
        )

    def buys(self, amount: int, on: date, today: date) -> None:
        self.entries.append((on, amount))
        days = {on, today}
        if on < today:
            days |= {day for day, _amount in self.entries if on <= day <= today}
        found = []
        for day in days:
            rank = self.fit(day)
            ends = self.term(rank, day, again=False)
            again = (
                rank == self.held.rank
                and self.held.ends_on is not None
                and self.held.ends_on < day
            )
            if rank and (rank > self.held.rank or again) and self.alive(ends, today):
                found.append((-rank, day, ends))
        if found:
            minus, day, ends = min(found, key=lambda one: one[:2])
            self.move(
                -minus, day, ends, "renewed" if -minus == self.held.rank else "reached"
            )

    def returns(self, place: int, amount: int, today: date) -> None:
        on, whole = self.entries[place]
        self.entries[place] = (on, whole - amount)
        held = self.held
        fit = max(self.fit(held.earned_on), self.fit(today)) if held.rank else 0
        within = (
            held.earned_on + self.rules["clawback_days"] * DAY
            if held.rank
            else date.min
        )
        if fit >= held.rank or held.reason == "ended" or today > within:
            return
        before, earlier = self.without(today)
        rank = max(fit, before)
        if rank and rank == before and earlier:
            reason = "ended" if earlier.reason == "ended" else "returned"
            self.move(rank, earlier.earned_on, held.previous_ends_on, reason)
        else:
            self.move(rank, today, self.term(rank, today, again=False), "returned")

    def without(self, today: date) -> tuple[int, Held | None]:
        """What would be held without what the held tier was earned by; what was held
        before, where it lasts."""
        held = self.held
        earlier = next(
            (x for x in reversed(self.past) if x.rank == held.previous), None
        )
        lasts = self.alive(held.previous_ends_on, today) and held.previous > 0
        if held.reason != "renewed":
            again = lasts and held.previous < held.rank
            return (held.previous, earlier) if again else (0, None)
        assert earlier is not None
        earned = earlier.reason in ("reached", "renewed")
        if earned and self.fit(earlier.earned_on) < held.rank:
            return 0, None
        if lasts:
            return held.rank, earlier
        return (held.rank - 1 if self.rules["downgrade"] == "one_step" else 0), None

    def night(self, today: date) -> None:
        """The night that begins `today`: the day before is over."""
        day, held, fit = today - DAY, self.held, self.fit(today - DAY)
        grace = self.rules["grace_days"] * DAY
        if fit > held.rank:
            self.move(fit, today, self.term(fit, today, again=False), "reached")
        elif held.rank == 0 or (held.ends_on is not None and held.ends_on > day):
            return
        elif fit == held.rank:
            if held.ends_on is not None:
                self.move(fit, day, self.term(fit, day, again=True), "renewed")
        elif held.ends_on is not None and held.ends_on + grace > day:
            return
        elif held.ends_on is None and grace:
            self.held = replace(held, ends_on=day)
        else:
            step = held.rank - 1 if self.rules["downgrade"] == "one_step" else 0
            rank = max(fit, step)
            self.move(rank, day, self.term(rank, day, again=True), "ended")
