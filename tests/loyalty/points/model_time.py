"""What time alone does to the naive books: moment by moment."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from tests.loyalty.points.model_parts import Debt, Hold, Line, Lot, Move, spent_first


class Ageing:
    """One member's lots, holds, debts and lines, and what they come to in time."""

    def __init__(self) -> None:
        self.lots: list[Lot] = []
        self.holds: list[Hold] = []
        self.debts: list[Debt] = []
        self.lines: list[Line] = []
        self._numbers = count()

    # Time alone.

    def advance(self, now: datetime, *, since: datetime | None = None) -> None:
        """Let every moment up to `now` happen, one after the other."""
        while (moment := self._next(now)) is not None:
            self._happen(moment, now)

    def _next(self, now: datetime) -> datetime | None:
        found = [hold.expires_at for hold in self.holds if hold.state == "open"]
        for lot in self.lots:
            if self.free(lot) > 0 and lot.expires_at is not None:
                found.append(max(lot.expires_at, lot.earned_at))
            for debt in self.debts:
                if debt.left and self.free(lot) > 0 and lot.available_at is not None:
                    pays = max(lot.available_at, debt.incurred_at)
                    if lot.expires_at is None or lot.expires_at > pays:
                        found.append(pays)
        due = [moment for moment in found if moment <= now]
        return min(due, default=None)

    def _happen(self, moment: datetime, now: datetime) -> None:
        self.pay(moment, now)
        self.expire(moment, now)
        for hold in self.holds:
            if hold.state == "open" and hold.expires_at <= moment:
                hold.state, hold.resolved_at = "expired", hold.expires_at
                self.pay(moment, now)
                self.expire(moment, now, freed=moment)

    def pay(self, moment: datetime, now: datetime) -> None:
        for debt in sorted(self.debts, key=lambda one: one.incurred_at):
            if debt.incurred_at > moment:
                continue
            for lot in self.order(moment):
                self.settle(debt, lot, min(debt.left, self.free(lot)), moment, now)

    def settle(
        self, debt: Debt, lot: Lot, points: int, at: datetime, now: datetime
    ) -> None:
        if points > 0:
            lot.moves.append(Move(at, now, points, "debt"))
            debt.paid.append(Move(at, now, points, "debt"))
            debt.left -= points

    def expire(
        self, moment: datetime, now: datetime, freed: datetime | None = None
    ) -> None:
        for lot in self.lots:
            points = self.free(lot)
            if lot.expires_at is None or lot.expires_at > moment or points <= 0:
                continue
            at = max(lot.expires_at, lot.earned_at, freed or lot.expires_at)
            lot.moves.append(Move(at, now, points, "expire"))
            self.lines.append(Line(at, now, -points, "expire"))

    # What is there.

    def held(self, lot: Lot) -> int:
        return sum(
            hold.parts.get(lot, 0) for hold in self.holds if hold.state == "open"
        )

    def free(self, lot: Lot) -> int:
        return lot.left() - self.held(lot)

    def always_free(self, lot: Lot, at: datetime, until: datetime | None = None) -> int:
        """The least a lot had free at any moment from `at` on."""
        moments = {at}
        moments |= {move.at for move in lot.moves if move.at > at}
        moments |= {hold.placed_at for hold in self.holds if hold.placed_at > at}
        return min(
            lot.left(moment) - sum(hold.keeps(lot, moment) for hold in self.holds)
            for moment in moments
            if until is None or moment < until
        )

    def order(self, at: datetime) -> list[Lot]:
        """Live lots as they are spent."""
        return sorted((lot for lot in self.lots if lot.live(at)), key=spent_first)

    def owed(self) -> int:
        return sum(debt.left for debt in self.debts)

    def could_have(self, lot: Lot, at: datetime) -> int:
        """What expired of a lot and could have been taken at `at`."""
        if lot.expires_at is None:
            return 0
        end = max(at, lot.expires_at, lot.earned_at)
        gone = sum(
            move.points
            for move in lot.moves
            if move.why in ("expire", "unexpire") and move.at <= end
        )
        if at < lot.expires_at:
            gone = min(gone, self.always_free(lot, at, lot.expires_at))
        return max(0, gone)

    def unexpire(self, lot: Lot, points: int, at: datetime, now: datetime) -> int:
        points = min(points, self.could_have(lot, at))
        if points > 0:
            assert lot.expires_at is not None
            then = max(at, lot.expires_at, lot.earned_at)
            lot.moves.append(Move(then, now, -points, "unexpire"))
            self.lines.append(Line(then, now, points, "unexpire"))
        return points
