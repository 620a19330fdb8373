"""What the naive books are made of. A lot is a list of moves with two dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Move:
    at: datetime
    posted: datetime
    points: int
    why: str


@dataclass(eq=False)
class Lot:
    number: int
    points: int
    earned_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    given_at: datetime
    posted: datetime
    rolling: bool = False
    moves: list[Move] = field(default_factory=list)

    def left(self, at: datetime | None = None, known: datetime | None = None) -> int:
        gone = sum(
            move.points
            for move in self.moves
            if (at is None or move.at <= at) and (known is None or move.posted <= known)
        )
        return self.points - gone

    def live(self, at: datetime) -> bool:
        return (
            self.available_at is not None
            and self.available_at <= at
            and (self.expires_at is None or self.expires_at > at)
        )


@dataclass(eq=False)
class Hold:
    points: int
    parts: dict[Lot, int]
    placed_at: datetime
    expires_at: datetime
    state: str = "open"
    resolved_at: datetime | None = None

    def keeps(self, lot: Lot, at: datetime) -> int:
        over = self.resolved_at is not None and self.resolved_at <= at
        if self.placed_at > at or self.expires_at <= at or over:
            return 0
        return self.parts.get(lot, 0)


@dataclass(eq=False)
class Line:
    """A line of a statement; `owner` is the earning, redemption or reversal itself."""

    at: datetime
    posted: datetime
    points: int
    kind: str
    takes: list[tuple[Lot, int]] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    back: int = 0
    given: dict[Lot, int] = field(default_factory=dict)


@dataclass(eq=False)
class Debt:
    line: Line
    left: int
    incurred_at: datetime
    paid: list[Move] = field(default_factory=list)
    points: int = 0


@dataclass(frozen=True, kw_only=True)
class Standing:
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    lots: list[tuple[int, datetime | None, datetime | None]]


def spent_first(lot: Lot) -> tuple[bool, datetime, datetime, int]:
    """Earliest end, then earliest earned; points without end last."""
    return (
        lot.expires_at is None,
        lot.expires_at or lot.earned_at,
        lot.earned_at,
        lot.number,
    )
