"""What the naive books say: now, as of a moment, as known at a moment."""

from __future__ import annotations

from datetime import datetime

from tests.loyalty.points.model_parts import (
    Debt,
    Hold,
    Line,
    Lot,
    Standing,
    spent_first,
)
from tests.loyalty.points.model_time import Ageing


class Told(Ageing):
    def now(self, at: datetime) -> Standing:
        copy = self._as(
            [(lot, lot.left()) for lot in self.lots],
            [(debt.incurred_at, debt.left) for debt in self.debts],
            [
                (hold.parts, hold.placed_at, hold.expires_at)
                for hold in self.holds
                if hold.state == "open"
            ],
        )
        return copy.standing(at)

    def then(self, at: datetime, known: datetime) -> Standing:
        seen = min(at, known)
        lots = [
            (lot, lot.left(at, known))
            for lot in self.lots
            if lot.given_at <= at and lot.posted <= known
        ]
        debts = [
            (
                debt.incurred_at,
                debt.points
                - sum(
                    move.points
                    for move in debt.paid
                    if move.at <= at and move.posted <= known
                ),
            )
            for debt in self.debts
            if debt.incurred_at <= at and debt.line.posted <= known
        ]
        holds = [
            (hold.parts, hold.placed_at, hold.expires_at)
            for hold in self.holds
            if hold.placed_at <= seen
            and (
                hold.resolved_at is None
                or hold.resolved_at > seen
                or hold.state == "expired"
            )
        ]
        return self._as(lots, debts, holds).standing(at)

    @staticmethod
    def _as(
        lots: list[tuple[Lot, int]],
        debts: list[tuple[datetime, int]],
        holds: list[tuple[dict[Lot, int], datetime, datetime]],
    ) -> Told:
        """A book of its own in which time can go on."""
        book = Told()
        copies = {
            lot: Lot(
                lot.number,
                left,
                lot.earned_at,
                lot.available_at,
                lot.expires_at,
                lot.given_at,
                lot.posted,
            )
            for lot, left in lots
        }
        book.lots = list(copies.values())
        for parts, placed, expires in holds:
            kept = {copies[lot]: points for lot, points in parts.items()}
            book.holds.append(Hold(sum(parts.values()), kept, placed, expires))
        for incurred, left in debts:
            line = Line(incurred, incurred, -left, "reverse")
            book.debts.append(Debt(line, left, incurred, points=left))
        return book

    def standing(self, at: datetime) -> Standing:
        self.advance(at)
        live = self.order(at)
        kept = sum(
            self.held(lot)
            for lot in self.lots
            if lot.expires_at and lot.expires_at <= at
        )
        pending = [
            lot
            for lot in self.lots
            if not lot.live(at) and (lot.expires_at is None or lot.expires_at > at)
        ]
        debt = self.owed()
        shown = [*live, *sorted(pending, key=spent_first)]
        return Standing(
            balance=sum(lot.left() for lot in live) + kept,
            available=0 if debt else sum(self.free(lot) for lot in live),
            pending=sum(lot.left() for lot in pending),
            held=sum(self.held(lot) for lot in self.lots),
            debt=debt,
            lots=[
                (lot.left(), lot.available_at, lot.expires_at)
                for lot in shown
                if lot.left()
            ],
        )

    def statement(
        self, at: datetime, known: datetime
    ) -> list[tuple[datetime, str, int]]:
        """Lines by moment and kind; expiries of one moment are one line."""
        sums: dict[tuple[datetime, str], int] = {}
        for line in self.lines:
            if line.at <= at and line.posted <= known:
                sums[line.at, line.kind] = (
                    sums.get((line.at, line.kind), 0) + line.points
                )
        return sorted((at, kind, points) for (at, kind), points in sums.items())
