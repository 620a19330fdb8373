"""What points cost: IFRS 15 and the provision, day by day. Pure arithmetic.

Formulas and sources stand in docs/liability.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from loyalty.liability.cohorts import (
    NOTHING,
    Book,
    Breakage,
    Cell,
    Cohort,
    Development,
    breakage,
    development,
    last_day,
    merged,
    month_of,
    next_age,
    whole_months,
)

PURCHASE = "purchase"
# Write-offs pay a debt in the moment they are given: nobody could spend them.
WRITTEN_OFF = "written_off"
MICROS = 1_000_000


def allocate(*, total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Share whole minor units by weight, by largest remainder: they add up to the total."""
    whole = sum(weights, Fraction(0))
    if whole <= 0:
        raise ValueError("nothing to share by")
    exact = [Fraction(weight) * total / whole for weight in weights]
    shares = [int(one // 1) for one in exact]
    rest = total - sum(shares)
    order = sorted(range(len(exact)), key=lambda n: (shares[n] - exact[n], n))
    for n in order[:rest]:
        shares[n] += 1
    return shares


def recognised(
    *, allocated: int, redeemed: Fraction | int, expected: Fraction | int
) -> int:
    """Revenue so far: in proportion to points redeemed over points expected to be.

    Rounded half to even, once, on the sum so far: what a period recognises is the
    difference of two sums, so that periods add up. Nothing more to come is all of it.
    """
    if redeemed >= expected:
        return allocated
    if redeemed <= 0:
        return 0
    return round(Fraction(allocated) * Fraction(redeemed) / Fraction(expected))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Points of one cohort sold with goods: IFRS 15's numbers of it."""

    month: int
    allocated: int
    recognised: int
    redeemed: int
    expected: float

    @property
    def deferred(self) -> int:
        return self.allocated - self.recognised


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Since the beginning, in minor units: what the journal writes the differences of."""

    allocated: int = 0
    redeemed: int = 0
    estimate: int = 0
    cost: int = 0
    rewards: int = 0

    @property
    def deferred(self) -> int:
        return self.allocated - self.redeemed - self.estimate

    @property
    def provision(self) -> int:
        return self.cost - self.rewards


class Walk:
    """The programme's finances, walked day by day; nothing of a later day is known.

    Points with a purchase are contracts, given ones are marketing cost. The share of
    points expected to be redeemed is fixed for a cohort's price at the end of its
    month; what it is thought to be later only moves when the price is recognised.
    """

    def __init__(self, *, exponent: int) -> None:
        self._minor = Fraction(10**exponent, MICROS)
        self.sold, self.gifts = Book(), Book()
        self.value = 0
        self._fixed: dict[int, float] = {}
        self._before: dict[int, Contract] = {}
        self._through = -1
        self._patterns = (NOTHING, NOTHING)
        self._estimate = self._redeemed = self._rewards = 0

    def day(self, day: date, cells: Iterable[Cell]) -> Sums:
        """Take in a day; days come in their order, those without moves too."""
        rewards = 0
        for cell in cells:
            self.value = cell.value or self.value
            if cell.source == PURCHASE:
                self.sold.add(cell)
            elif cell.source != WRITTEN_OFF:
                self.gifts.add(cell)
                if cell.move in {"spent", "restored"}:
                    rewards -= cell.points
        self._learn(day)
        self._rewards += round(rewards * self.value * self._minor)
        found = {one.month: one for one in self.contracts()}
        self._book(found)
        self._before = found
        allocated = sum(one.allocated for one in found.values())
        return Sums(
            allocated=allocated,
            redeemed=self._redeemed,
            estimate=self._estimate,
            cost=self._rewards + self.provision(),
            rewards=self._rewards,
        )

    def _learn(self, day: date) -> None:
        through = whole_months(day)
        if through != self._through:
            self._through = through
            self._patterns = (
                development(self.sold.cohorts, through=through),
                development(self.gifts.cohorts, through=through),
            )
        if through == month_of(day):
            self._fixed[through] = self._patterns[0].redeems(0)

    def contracts(self) -> list[Contract]:
        """IFRS 15 by cohort, as of the day walked to."""
        pattern = self._patterns[0]
        return [self._contract(one, pattern) for one in self.sold.cohorts]

    def _contract(self, cohort: Cohort, pattern: Development) -> Contract:
        expects = self._fixed.get(cohort.month, pattern.redeems(0))
        allocated = 0
        if cohort.price > 0 and cohort.net > 0 and cohort.given > 0:
            face = cohort.face * self._minor * Fraction(cohort.net, cohort.given)
            weights = [Fraction(cohort.price), face * Fraction(expects)]
            allocated = allocate(total=cohort.price, weights=weights)[1]
        share = pattern.redeems(next_age(cohort, self._through))
        expected = cohort.spent + cohort.open * Fraction(share)
        return Contract(
            month=cohort.month,
            allocated=allocated,
            recognised=recognised(
                allocated=allocated, redeemed=cohort.spent, expected=expected
            ),
            redeemed=cohort.spent,
            expected=float(expected),
        )

    def _book(self, found: dict[int, Contract]) -> None:
        """Split what was recognised: by redemption at yesterday's estimate, and the rest."""
        for month, now in found.items():
            before = self._before.get(month)
            already = before.recognised if before else 0
            by_use = already
            if before and before.redeemed < now.redeemed:
                by_use = recognised(
                    allocated=before.allocated,
                    redeemed=now.redeemed,
                    expected=Fraction(before.expected),
                )
            elif not before:
                by_use = now.recognised
            self._redeemed += by_use - already
            self._estimate += now.recognised - by_use

    def provision(self) -> int:
        """What given points are expected to cost still."""
        pattern = self._patterns[1]
        points = sum(
            one.open * Fraction(pattern.redeems(next_age(one, self._through)))
            for one in self.gifts.cohorts
        )
        return round(points * self.value * self._minor)

    def all_cohorts(self) -> list[Cohort]:
        """Points of every source together, by the month they were earned."""
        return merged(self.sold, self.gifts)

    def breakage(self) -> Breakage:
        """Of all points together, as of the day walked to."""
        return breakage(self.all_cohorts(), through=self._through)

    def lapse_share(self, *, cohort: date, sold: bool) -> float:
        """Of a cohort's open points, the share that will lapse."""
        age = max(0, self._through + 1 - month_of(cohort))
        return 1.0 - self._patterns[0 if sold else 1].redeems(age)

    def lapsing(self) -> dict[int, float]:
        """Of each cohort's points, those lapsed so far and those that will."""
        cohorts = self.all_cohorts()
        found = development(cohorts, through=self._through)
        return {
            one.month: one.lapsed
            + one.open * (1.0 - found.redeems(next_age(one, self._through)))
            for one in cohorts
        }


def walked(
    cells: Iterable[Cell], *, days: Iterable[date], exponent: int
) -> Iterator[tuple[date, Sums, Walk]]:
    """Walk to each of `days`, by way of every end of a month between; later cells are
    never seen. `Sums` of the days that are passed by count in those that are asked."""
    asked = sorted(set(days))
    if not asked:
        return
    waiting = sorted(cells, key=_when)
    stops = set(asked)
    if waiting:
        first, last = month_of(waiting[0].day), month_of(asked[-1])
        stops |= {last_day(month) for month in range(first, last)}
    walk, place = Walk(exponent=exponent), 0
    for day in sorted(stops):
        start = place
        while place < len(waiting) and waiting[place].day <= day:
            place += 1
        sums = walk.day(day, waiting[start:place])
        if day in asked:
            yield day, sums, walk


def _when(cell: Cell) -> tuple[date, date, str, str, int]:
    return cell.day, cell.cohort, cell.source, cell.move, cell.points
