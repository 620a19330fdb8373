"""The books kept naively: lists and loops, written from the rules and not from the kernel.

What is asked is added up from moves with two dates.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from tests.loyalty.points.model_parts import (
    Debt,
    Hold,
    Line,
    Lot,
    Move,
    Refused,
    Standing,
    spent_first,
)
from tests.loyalty.points.model_told import Told

__all__ = ["Book", "Hold", "Line", "Refused", "Standing", "convert", "hand_over"]


class Book(Told):
    """One member's, and what people do to it."""

    def give(
        self,
        points: int,
        *,
        kind: str,
        at: datetime,
        now: datetime,
        available_at: datetime | None,
        expires_at: datetime | None,
        earned_at: datetime | None = None,
        rolling: bool = False,
        line: Line | None = None,
    ) -> Line:
        lot = Lot(
            next(self._numbers),
            points,
            earned_at or at,
            available_at,
            expires_at,
            at,
            now,
            rolling,
        )
        self.lots.append(lot)
        if line is None:
            line = Line(at, now, points, kind)
            self.lines.append(line)
        line.lots.append(lot)
        return line

    def credit(self, points: int, *, at: datetime, now: datetime, **terms) -> Line:
        self.advance(now)
        line = self.give(points, at=at, now=now, **terms)
        (lot,) = line.lots
        if lot.rolling:
            self.roll_to_lots()
        for debt in sorted(self.debts, key=lambda one: one.incurred_at):
            pays = max(lot.earned_at, debt.incurred_at)
            if lot.expires_at is None or lot.expires_at > pays:
                self.settle(debt, lot, min(debt.left, self.free(lot)), pays, now)
        self.advance(now)
        return line

    def roll_to_lots(self) -> None:
        """A purchase before the end of older points moves their end to its own."""
        moved = True
        while moved:
            moved = False
            for old in self.lots:
                for new in self.lots:
                    if not (old.rolling and new.rolling and old.left()):
                        continue
                    assert old.expires_at is not None
                    assert new.expires_at is not None
                    if new.earned_at < old.expires_at < new.expires_at:
                        old.expires_at = new.expires_at
                        moved = True

    def roll(self, until: datetime | None, at: datetime) -> None:
        for lot in self.lots:
            if until and lot.rolling and lot.left():
                assert lot.expires_at is not None
                if at < lot.expires_at < until:
                    lot.expires_at = until

    def spend(
        self,
        points: int,
        *,
        kind: str,
        at: datetime,
        now: datetime,
        until: datetime | None = None,
    ) -> Line:
        self.advance(now)
        if self.owed():
            raise Refused("insufficient_points")
        live = self.order(at)
        ended = sorted(
            (
                lot
                for lot in live
                if lot.expires_at is not None and lot.expires_at <= now
            ),
            key=spent_first,
        )
        there = {lot: max(0, self.always_free(lot, at)) for lot in live}
        there |= {lot: self.could_have(lot, at) for lot in ended}
        if sum(there.values()) < points:
            raise Refused("insufficient_points")
        line = Line(at, now, -points, kind)
        self.lines.append(line)
        left = points
        for lot in live:
            take = min(left, there[lot])
            if take <= 0:
                continue
            if lot in ended:
                self.unexpire(lot, take, at, now)
            lot.moves.append(Move(at, now, take, kind))
            line.takes.append((lot, take))
            left -= take
        self.roll(until, at)
        return line

    def hold(self, points: int, *, now: datetime, expires_at: datetime) -> Hold:
        self.advance(now)
        live = self.order(now)
        if self.owed() or sum(self.free(lot) for lot in live) < points:
            raise Refused("insufficient_points")
        parts: dict[Lot, int] = {}
        for lot in live:
            take = min(points - sum(parts.values()), self.free(lot))
            if take > 0:
                parts[lot] = take
        hold = Hold(points, parts, now, expires_at)
        self.holds.append(hold)
        return hold

    def resolve(
        self, hold: Hold, points: int | None, *, now: datetime, until: datetime | None
    ) -> Line | None:
        self.advance(now)
        if hold.state != "open":
            raise Refused("hold_resolved")
        spent = hold.points if points is None else points
        if spent > hold.points:
            raise Refused("hold_exceeded")
        hold.state, hold.resolved_at = ("captured" if spent else "released"), now
        line = None
        if spent:
            line = Line(now, now, -spent, "redeem")
            self.lines.append(line)
            for lot in sorted(hold.parts, key=spent_first):
                take = min(spent, hold.parts[lot])
                if take:
                    lot.moves.append(Move(now, now, take, "redeem"))
                    line.takes.append((lot, take))
                    spent -= take
            self.roll(until, now)
        self.pay(now, now)
        self.expire(now, now, freed=now)
        return line

    def reverse(
        self, earning: Line, points: int, policy: str, *, at: datetime, now: datetime
    ) -> tuple[int, int, int]:
        """What was taken, owed and given up."""
        self.advance(now)
        if earning.back + points > earning.points:
            raise Refused("reversed_already")
        earning.back += points
        at = max(at, earning.at)
        left = points
        takes: list[tuple[Lot, int]] = []
        for lot in earning.lots:
            pending = lot.available_at is None or lot.available_at > at
            if policy == "pending_only" and not pending:
                continue
            take = min(left, max(0, self.always_free(lot, at)))
            take += self.unexpire(lot, left - take, at, now) if take < left else 0
            takes.append((lot, take))
            left -= take
        if policy != "pending_only":
            for lot in self.order(at):
                if lot not in earning.lots:
                    take = min(left, max(0, self.always_free(lot, at)))
                    if take < left and lot.expires_at and lot.expires_at <= now:
                        take += self.unexpire(lot, left - take, at, now)
                    takes.append((lot, take))
                    left -= take
        for lot, take in takes:
            if take:
                lot.moves.append(Move(at, now, take, "reverse"))
        owed = left if policy == "own_then_debt" else 0
        if points - left + owed:
            line = Line(at, now, -(points - left + owed), "reverse")
            self.lines.append(line)
        if owed:
            debt = Debt(line, owed, at, points=owed)
            self.debts.append(debt)
            self._pay_late(debt, now)
        self.advance(now)
        return points - left, owed, left - owed

    def _pay_late(self, debt: Debt, now: datetime) -> None:
        """Told late: at each moment since, lots pay what they kept from then on."""
        moments = {move.at for lot in self.lots for move in lot.moves}
        moments |= {lot.available_at for lot in self.lots if lot.available_at}
        moments |= {hold.resolved_at for hold in self.holds if hold.resolved_at}
        for moment in sorted(moments):
            if debt.incurred_at < moment <= now:
                for lot in self.order(moment):
                    if self.free(lot) > 0:
                        pays = min(debt.left, self.always_free(lot, moment))
                        self.settle(debt, lot, pays, moment, now)
                    if debt.left and lot.expires_at and lot.expires_at <= now:
                        pays = self.unexpire(lot, debt.left, moment, now)
                        self.settle(debt, lot, pays, moment, now)

    def restore(
        self, spent: Line, points: int, *, at: datetime, now: datetime, grace: datetime
    ) -> None:
        self.advance(now)
        if spent.back + points > -spent.points:
            raise Refused("restored_already")
        spent.back += points
        at = max(at, spent.at)
        line = Line(at, now, points, "restore")
        self.lines.append(line)
        for lot, taken in sorted(
            spent.takes, key=lambda one: spent_first(one[0]), reverse=True
        ):
            back = min(points, taken - spent.given.get(lot, 0))
            if back <= 0:
                continue
            spent.given[lot] = spent.given.get(lot, 0) + back
            points -= back
            if lot.expires_at is None or lot.expires_at > at:
                lot.moves.append(Move(at, now, -back, "restore"))
            else:
                self.give(
                    back,
                    kind="restore",
                    at=at,
                    now=now,
                    available_at=at,
                    expires_at=grace,
                    line=line,
                )
        for debt in sorted(self.debts, key=lambda one: one.incurred_at):
            moment = max(at, debt.incurred_at)
            for lot in self.order(moment):
                if debt.left:
                    self.settle(debt, lot, min(debt.left, self.free(lot)), moment, now)
        self.advance(now)

    def write_off(self, points: int, *, now: datetime) -> None:
        self.advance(now)
        if self.owed() < points:
            raise Refused("not_owed")
        self.lines.append(Line(now, now, points, "write_off"))
        for debt in sorted(self.debts, key=lambda one: one.incurred_at):
            pays = min(points, debt.left)
            debt.left -= pays
            points -= pays
            if pays:
                debt.paid.append(Move(now, now, pays, "write_off"))


def hand_over(
    giver: Book, taker: Book, points: int, *, now: datetime
) -> tuple[Line, Line]:
    taker.advance(now)
    out = giver.spend(points, kind="transfer", at=now, now=now)
    came = Line(now, now, points, "transfer")
    taker.lines.append(came)
    # As the kernel numbers them: by the number they had.
    for lot, take in sorted(out.takes, key=lambda one: one[0].number):
        taker.give(
            take,
            kind="transfer",
            at=now,
            now=now,
            available_at=now,
            expires_at=lot.expires_at,
            earned_at=lot.earned_at,
            rolling=lot.rolling,
            line=came,
        )
    taker.advance(now)
    return out, came


def convert(
    source: Book,
    target: Book,
    points: int,
    rate: Fraction,
    *,
    now: datetime,
    until: datetime | None,
) -> Line:
    """What it becomes is rounded down once and shared by the lots it came from."""
    becomes = int(points * rate)
    if becomes < 1:
        raise Refused("too_few_to_convert")
    out = source.spend(points, kind="convert", at=now, now=now, until=until)
    takes = sorted(out.takes, key=lambda one: one[0].number)
    exact = [Fraction(becomes * take, points) for _, take in takes]
    shares = [int(share) for share in exact]
    by_rest = sorted(range(len(takes)), key=lambda n: (shares[n] - exact[n], n))
    for n in by_rest[: becomes - sum(shares)]:
        shares[n] += 1
    for (lot, _), share in zip(takes, shares, strict=True):
        if share:
            target.credit(
                share,
                kind="convert",
                at=now,
                now=now,
                available_at=now,
                expires_at=lot.expires_at,
                rolling=lot.rolling,
            )
    return out
