"""What points cost: development of cohorts, breakage, IFRS 15. Pure arithmetic.

Formulas and sources stand in docs/liability.md. A month is a number here: twelve times
the year plus the month, so that ages are differences.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import sqrt

PURCHASE = "purchase"
# Write-offs pay a debt in the moment they are given: nobody could spend them.
WRITTEN_OFF = "written_off"
MICROS = 1_000_000

# Below six months of finished cohorts a pattern is an accident.
MIN_COHORTS = 6
# Share of the points given that would outlive every cohort seen so far.
MAX_TAIL = 0.05
# Two-sided 95 % of the normal distribution.
Z = 1.96
# What nobody has seen the end of is taken as redeemed: revenue only once it is certain
# enough (IFRS 15.B46); the other end of the range takes it as lapsed.
REDEEMED_TAIL, LAPSED_TAIL = 1.0, 0.0

_COUNTS = ("given", "taken", "spent", "lapsed")
_GIVEN = frozenset({"adjusted", "converted", "written_off"})


@dataclass(frozen=True, slots=True)
class Cell:
    """Points of one cohort and source that moved on a day, signed as seen by members.

    `price` is what was paid for the goods that earned them, in minor units; `value`
    what a point was worth that day, in millionths of the currency.
    """

    day: date
    cohort: date
    source: str
    move: str
    points: int
    price: int = 0
    value: int = 0


@dataclass(slots=True)
class Age:
    """What one cohort did in one month of its life."""

    given: int = 0
    taken: int = 0
    spent: int = 0
    lapsed: int = 0


@dataclass(slots=True)
class Cohort:
    """Points earned in one month, and what has become of them so far."""

    month: int
    ages: dict[int, Age] = field(default_factory=dict)
    given: int = 0
    taken: int = 0
    spent: int = 0
    lapsed: int = 0
    price: int = 0
    face: int = 0  # millionths: points times what each was worth when given

    @property
    def net(self) -> int:
        return self.given - self.taken

    @property
    def open(self) -> int:
        return self.net - self.spent - self.lapsed

    def add(self, cell: Cell) -> None:
        age = self.ages.setdefault(max(0, month_of(cell.day) - self.month), Age())
        points = cell.points
        if cell.move == "earned" or (cell.move in _GIVEN and points > 0):
            age.given += points
            self.given += points
            self.face += points * cell.value
        elif cell.move in {"spent", "restored"}:
            age.spent -= points
            self.spent -= points
        elif cell.move == "expired":
            age.lapsed -= points
            self.lapsed -= points
        elif cell.move != "activated":
            age.taken -= points
            self.taken -= points
        self.price += cell.price


@dataclass(frozen=True, slots=True)
class Development:
    """Of points open at each age: the share redeemed and lapsed in that month.

    `redeemed` and `unseen` add up what follows: of a point open at an age, the chance
    to be redeemed later, and to outlive every age seen; one longer than the shares.
    """

    spent: tuple[float, ...]
    lapsed: tuple[float, ...]
    cohorts: int
    redeemed: tuple[float, ...]
    unseen: tuple[float, ...]

    def redeems(self, age: int, *, tail: float = REDEEMED_TAIL) -> float:
        """This is the share of points open at an age that will be redeemed."""
        place = min(age, len(self.spent))
        return self.redeemed[place] + tail * self.unseen[place]


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """The share of points given that nobody will redeem, with what it rests on."""

    rate: float | None
    low: float | None
    high: float | None
    given: int
    spent: int
    lapsed: int
    open: int
    cohorts: int
    months: int
    unseen: float
    enough: bool


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    year, index = divmod(month, 12)
    return date(year, index + 1, calendar.monthrange(year, index + 1)[1])


def whole_months(day: date) -> int:
    """This is the last month that is over at the end of a day."""
    month = month_of(day)
    return month if day == last_day(month) else month - 1


def development(
    cohorts: Iterable[Cohort], *, through: int, without: int | None = None
) -> Development:
    """Weigh every cohort by its open points, as the chain-ladder does by its sums.

    Only ages that ended by `through` count; `without` leaves one cohort out.
    """
    base: list[int] = []
    spent: list[int] = []
    lapsed: list[int] = []
    seen = 0
    for cohort in cohorts:
        if cohort.month > through or cohort.month == without:
            continue
        seen += 1
        left = 0
        for age in range(through - cohort.month + 1):
            if age == len(base):
                base.append(0)
                spent.append(0)
                lapsed.append(0)
            one = cohort.ages.get(age)
            if one is not None:
                left += one.given - one.taken
            base[age] += left
            if one is not None:
                spent[age] += one.spent
                lapsed[age] += one.lapsed
                left -= one.spent + one.lapsed
    return _developed(base, spent, lapsed, seen)


def _developed(
    base: Sequence[int], spent: Sequence[int], lapsed: Sequence[int], seen: int
) -> Development:
    ages = range(len(base))
    goes = tuple(_share(spent[n], base[n]) for n in ages)
    ends = tuple(min(_share(lapsed[n], base[n]), 1.0 - goes[n]) for n in ages)
    redeemed, unseen = [0.0], [1.0]
    for n in reversed(ages):
        stays = max(0.0, 1.0 - goes[n] - ends[n])
        redeemed.append(goes[n] + stays * redeemed[-1])
        unseen.append(stays * unseen[-1])
    return Development(
        spent=goes,
        lapsed=ends,
        cohorts=seen,
        redeemed=tuple(reversed(redeemed)),
        unseen=tuple(reversed(unseen)),
    )


def _share(part: int, whole: int) -> float:
    # More may be given back in a month than was spent; a chance is not below nought.
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


def breakage(cohorts: Sequence[Cohort], *, through: int) -> Breakage:
    """Estimate the breakage of all points given, with its range (jackknife)."""
    found = development(cohorts, through=through)
    given = sum(one.net for one in cohorts)
    spent = sum(one.spent for one in cohorts)
    lapsed = sum(one.lapsed for one in cohorts)
    left = sum(one.open for one in cohorts)
    unseen = _unseen(cohorts, found, through)
    counts = {"given": given, "spent": spent, "lapsed": lapsed, "open": left}
    if given <= 0:
        return Breakage(
            rate=None,
            low=None,
            high=None,
            cohorts=found.cohorts,
            months=len(found.spent),
            unseen=0.0,
            enough=False,
            **counts,
        )
    rate = (lapsed + _lapses(cohorts, found, through, REDEEMED_TAIL)) / given
    widest = (lapsed + _lapses(cohorts, found, through, LAPSED_TAIL)) / given
    spread = Z * _jackknife(cohorts, through, given)
    floor, ceiling = lapsed / given, (lapsed + max(0, left)) / given
    return Breakage(
        rate=rate,
        low=max(floor, rate - spread),
        high=min(max(ceiling, rate), widest + spread),
        cohorts=found.cohorts,
        months=len(found.spent),
        unseen=unseen / given,
        enough=found.cohorts >= MIN_COHORTS and unseen / given <= MAX_TAIL,
        **counts,
    )


def _lapses(
    cohorts: Sequence[Cohort], found: Development, through: int, tail: float
) -> float:
    return sum(
        one.open * (1.0 - found.redeems(_next_age(one, through), tail=tail))
        for one in cohorts
    )


def _unseen(cohorts: Sequence[Cohort], found: Development, through: int) -> float:
    places = [
        (one.open, min(_next_age(one, through), len(found.spent))) for one in cohorts
    ]
    return sum(points * found.unseen[place] for points, place in places)


def _next_age(cohort: Cohort, through: int) -> int:
    """The month of its life a cohort is in: the one that is not over counts whole."""
    return max(0, through + 1 - cohort.month)


def _jackknife(cohorts: Sequence[Cohort], through: int, given: int) -> float:
    """The standard error of the estimate: each cohort left out of the pattern once."""
    finished = [one for one in cohorts if one.month <= through]
    if len(finished) < 2:
        return 0.0
    rates = []
    for left_out in finished:
        found = development(cohorts, through=through, without=left_out.month)
        rates.append(_lapses(cohorts, found, through, REDEEMED_TAIL) / given)
    mean = sum(rates) / len(rates)
    n = len(rates)
    return sqrt((n - 1) / n * sum((rate - mean) ** 2 for rate in rates))


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


class Book:
    """Cohorts of one kind of points, filled day by day."""

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        self.by_month: dict[int, Cohort] = {}
        for cell in cells:
            self.add(cell)

    @property
    def cohorts(self) -> list[Cohort]:
        return [self.by_month[month] for month in sorted(self.by_month)]

    def add(self, cell: Cell) -> None:
        month = month_of(cell.cohort)
        self.by_month.setdefault(month, Cohort(month)).add(cell)


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
        self._patterns = (_NOTHING, _NOTHING)
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
        share = pattern.redeems(_next_age(cohort, self._through))
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
            one.open * Fraction(pattern.redeems(_next_age(one, self._through)))
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
            + one.open * (1.0 - found.redeems(_next_age(one, self._through)))
            for one in cohorts
        }


_NOTHING = _developed((), (), (), 0)


def merged(*books: Book) -> list[Cohort]:
    """This is the cohorts of several kinds of points as one."""
    found: dict[int, Cohort] = {}
    for book in books:
        for one in book.cohorts:
            target = found.setdefault(one.month, Cohort(one.month))
            for name in _COUNTS:
                setattr(target, name, getattr(target, name) + getattr(one, name))
            for age, seen in one.ages.items():
                to = target.ages.setdefault(age, Age())
                for name in _COUNTS:
                    setattr(to, name, getattr(to, name) + getattr(seen, name))
    return [found[month] for month in sorted(found)]


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
