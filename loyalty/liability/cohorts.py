"""Cohorts of points: how they develop with age, and what of them will lapse.

Formulas and sources stand in docs/liability.md. A month is a number here: twelve times
the year plus the month, so that ages are differences.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import sqrt

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
        one.open * (1.0 - found.redeems(next_age(one, through), tail=tail))
        for one in cohorts
    )


def _unseen(cohorts: Sequence[Cohort], found: Development, through: int) -> float:
    places = [
        (one.open, min(next_age(one, through), len(found.spent))) for one in cohorts
    ]
    return sum(points * found.unseen[place] for points, place in places)


def next_age(cohort: Cohort, through: int) -> int:
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


NOTHING = _developed((), (), (), 0)
