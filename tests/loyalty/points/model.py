"""The books kept naively: lists and loops, written from the rules and not from the kernel.

A lot is a list of moves with two dates. Whatever is asked is added up from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count


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


class Book:
    """One member's."""

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

    # What people do.

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

    # What somebody is told.

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
    ) -> Book:
        """A book of its own in which time can go on."""
        book = Book()
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


def hand_over(
    giver: Book, taker: Book, points: int, *, now: datetime
) -> tuple[Line, Line]:
    taker.advance(now)
    out = giver.spend(points, kind="transfer", at=now, now=now)
    came = Line(now, now, points, "transfer")
    taker.lines.append(came)
    for lot, take in out.takes:
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


def spent_first(lot: Lot) -> tuple[bool, datetime, datetime, int]:
    """Earliest end, then earliest earned; points without end last."""
    return (
        lot.expires_at is None,
        lot.expires_at or lot.earned_at,
        lot.earned_at,
        lot.number,
    )
