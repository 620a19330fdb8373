"""What goes back of an order: money, points' worth, and points its lines had earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from loyalty.points.rules import split


@dataclass(frozen=True, kw_only=True)
class Held:
    """A line of an order, in minor units, and what has come back of it before.

    `paid` by money and `tender` by points are together the line's total; `earned` points
    were granted for the line. The `_back` ones came back, by the till or by a file;
    `pieces_back` of its `quantity` came back as pieces, for `pieces_minor`.
    """

    line_no: int
    line_id: str
    quantity: Decimal | None
    paid: int
    tender: int
    earned: int
    paid_back: int = 0
    tender_back: int = 0
    earned_back: int = 0
    pieces_back: Decimal = Decimal(0)
    pieces_minor: int = 0

    @property
    def pieces(self) -> Decimal:
        """A line that tells no quantity is one piece."""
        return self.quantity or Decimal(1)

    @property
    def pieces_left(self) -> Decimal:
        return max(Decimal(0), self.pieces - self.pieces_back)

    @property
    def total(self) -> int:
        return self.paid + self.tender

    @property
    def returned(self) -> int:
        return self.paid_back + self.tender_back

    @property
    def left(self) -> int:
        return self.total - self.returned


@dataclass(frozen=True, kw_only=True)
class Back:
    """What comes back of one line: `total` of its price, of which money paid `paid`."""

    line_no: int
    total: int
    paid: int
    earned: int

    @property
    def tender(self) -> int:
        return self.total - self.paid


def backs(held: Mapping[int, Held], wanted: Mapping[int, int]) -> list[Back]:
    """What goes back with the next `wanted` minor units of each line.

    Money and earned points go back in the proportion that has come back of each line,
    rounded down once over all lines, so that an amount of many small lines takes what
    it is worth. What is due is counted from the whole less what is back already: returns
    one by one add up to exactly the whole, whatever road they came by. A line that is
    back whole gives back all it earned.
    """
    after = {key: line.returned + wanted.get(key, 0) for key, line in held.items()}
    paid = _paid(held, wanted, after)
    earned = _earned(held, after)
    found = [
        Back(line_no=key, total=wanted.get(key, 0), paid=paid[key], earned=earned[key])
        for key in held
    ]
    return [one for one in found if one.total or one.earned]


def _paid(
    held: Mapping[int, Held], wanted: Mapping[int, int], after: Mapping[int, int]
) -> dict[int, int]:
    due, low, high = {}, {}, {}
    for key, line in held.items():
        minor = wanted.get(key, 0)
        due[key] = part(line.paid, after[key], line.total) - line.paid_back
        low[key] = max(0, minor - (line.tender - line.tender_back))
        high[key] = max(low[key], min(minor, line.paid - line.paid_back))
    return apportion(due, low=low, high=high)


def _earned(held: Mapping[int, Held], after: Mapping[int, int]) -> dict[int, int]:
    due, low, high = {}, {}, {}
    for key, line in held.items():
        due[key] = part(line.earned, after[key], line.total) - line.earned_back
        high[key] = max(0, line.earned - line.earned_back)
        low[key] = high[key] if line.total and after[key] >= line.total else 0
    return apportion(due, low=low, high=high)


def part(whole: int, of: int, total: int) -> Fraction:
    """This is the exact share of `whole` that `of` is of `total`; of nothing, nothing."""
    return Fraction(whole * of, total) if total else Fraction()


def apportion(
    due: Mapping[int, Fraction], *, low: Mapping[int, int], high: Mapping[int, int]
) -> dict[int, int]:
    """Whole numbers near `due`, each from `low` to `high`, by largest remainder.

    They sum to the sum of `due` rounded down, or as near as the limits allow.
    """
    total = max(sum(low.values()), min(floor(sum(due.values())), sum(high.values())))
    found = {key: max(low[key], min(floor(due[key]), high[key])) for key in due}
    rest = total - sum(found.values())
    if rest < 0:
        less = split(-rest, {key: found[key] - low[key] for key in due})
        return {key: found[key] - less[key] for key in due}
    below = [key for key in due if found[key] < high[key]]
    below.sort(key=lambda key: found[key] - due[key])
    for key in below[:rest]:
        found[key] += 1
    more = split(
        max(0, rest - len(below)), {key: high[key] - found[key] for key in due}
    )
    return {key: found[key] + more[key] for key in due}


def of_pieces(line: Held, pieces: Decimal) -> int:
    """What the next pieces of a line cost: piece by piece, the whole of it."""
    if pieces >= line.pieces_left:
        return line.left
    after = line.pieces_back + pieces
    due = floor(Fraction(line.total) * Fraction(after) / Fraction(line.pieces))
    return max(0, min(line.left, due - line.pieces_minor))
