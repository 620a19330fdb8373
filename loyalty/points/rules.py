"""The arithmetic of points that needs no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from config.lib import periods
from members.programme.rules import Settings

K = TypeVar("K")


@dataclass(frozen=True, kw_only=True)
class LotView:
    """A lot as it stood at some moment: `held` by holds that were open then."""

    id: int
    points: int
    remaining: int
    held: int
    earned_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    kind: str
    reference: str
    version: int | None

    @property
    def free(self) -> int:
        return self.remaining - self.held

    def is_pending(self, at: datetime) -> bool:
        return self.available_at is None or self.available_at > at

    def has_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def is_live(self, at: datetime) -> bool:
        return not self.is_pending(at) and not self.has_expired(at)


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What is open of one debt."""

    incurred_at: datetime
    points: int


@dataclass(frozen=True, kw_only=True)
class Lapsed:
    """Points of a lot that a hold kept until its time was over."""

    lot_id: int
    at: datetime
    points: int


@dataclass(frozen=True, kw_only=True)
class Expiring:
    """`on` is the last valid local day."""

    on: date
    points: int


@dataclass(frozen=True, kw_only=True)
class Balance:
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    expiring: tuple[Expiring, ...]
    lots: tuple[LotView, ...]


def spend_order(lot: LotView) -> tuple[bool, datetime, datetime, int]:
    """Earliest end first, then what was earned first; points without end last."""
    return (
        lot.expires_at is None,
        lot.expires_at or lot.earned_at,
        lot.earned_at,
        lot.id,
    )


def balance(
    lots: Iterable[LotView],
    *,
    owed: Sequence[Owed] = (),
    lapsed: Sequence[Lapsed] = (),
    at: datetime,
    zone: ZoneInfo,
) -> Balance:
    """Add up lots at a moment, as time alone would have left them by then.

    Nothing here waits for a job: a debt is paid by points that became available, a lot
    past its end counts only as far as a hold keeps it.
    """
    ordered = sorted(lots, key=spend_order)
    paid, debt = _payments(ordered, owed=owed, lapsed=lapsed, at=at)
    ordered = [
        replace(lot, remaining=lot.remaining - paid.get(lot.id, 0)) for lot in ordered
    ]
    live = [lot for lot in ordered if lot.is_live(at)]
    kept = sum(lot.held for lot in ordered if lot.has_expired(at))
    pending = [lot for lot in ordered if lot.is_pending(at) and not lot.has_expired(at)]
    shown = [lot for lot in [*live, *pending] if lot.remaining]
    return Balance(
        balance=sum(lot.remaining for lot in live) + kept,
        available=0 if debt else sum(lot.free for lot in live),
        pending=sum(lot.remaining for lot in pending),
        held=sum(lot.held for lot in ordered),
        debt=debt,
        expiring=_expiring(live, zone=zone),
        lots=tuple(shown),
    )


def _payments(
    lots: Sequence[LotView],
    *,
    owed: Sequence[Owed],
    lapsed: Sequence[Lapsed],
    at: datetime,
) -> tuple[dict[int, int], int]:
    """What each lot has paid of the debts by `at`, and what is still owed.

    The oldest debt first; by points in the order they came free after it.
    """
    paid: dict[int, int] = {}
    free = _portions(lots, lapsed=lapsed, at=at)
    left = {one.incurred_at: 0 for one in owed}
    for debt in sorted(owed, key=lambda one: one.incurred_at):
        left[debt.incurred_at] += debt.points
        moments = sorted(
            (max(moment, debt.incurred_at), place)
            for place, (moment, *_) in free.items()
        )
        for moment, place in moments:
            came, lot, points = free[place]
            if lot.has_expired(moment):
                continue
            pays = min(left[debt.incurred_at], points)
            left[debt.incurred_at] -= pays
            free[place] = (came, lot, points - pays)
            paid[lot.id] = paid.get(lot.id, 0) + pays
    return paid, sum(left.values())


def _portions(
    lots: Sequence[LotView], *, lapsed: Sequence[Lapsed], at: datetime
) -> dict[int, tuple[datetime, LotView, int]]:
    """Free points by the moment they came free; numbered in the order they are spent."""
    found: list[tuple[datetime, LotView, int]] = []
    for lot in lots:
        if lot.available_at is None or lot.available_at > at:
            continue
        rest = lot.free
        for hold in lapsed:
            if hold.lot_id == lot.id:
                back = min(rest, hold.points)
                found.append((max(hold.at, lot.available_at), lot, back))
                rest -= back
        found.append((lot.available_at, lot, rest))
    return dict(enumerate(found))


def _expiring(lots: Iterable[LotView], *, zone: ZoneInfo) -> tuple[Expiring, ...]:
    days: dict[date, int] = {}
    for lot in lots:
        if lot.expires_at is not None and lot.free:
            # The instant is the first no longer valid: the day is that just before it.
            on = periods.day_of(lot.expires_at - timedelta(microseconds=1), zone)
            days[on] = days.get(on, 0) + lot.free
    return tuple(Expiring(on=on, points=days[on]) for on in sorted(days))


def available_at(*, occurred_at: datetime, settings: Settings) -> datetime | None:
    """This is when points of an order become spendable; None: when it is delivered.

    Days of waiting end at local midnight. With `activate_on` delivery they are the
    longest a delivery that is never reported can take; 0 of them is no such limit.
    """
    if settings.pending_days == 0:
        return None if settings.activate_on == "delivery" else occurred_at
    day = periods.day_of(occurred_at, settings.zone)
    return periods.day_start(day + timedelta(days=settings.pending_days), settings.zone)


def expires_at(*, occurred_at: datetime, settings: Settings) -> datetime | None:
    """This is the first instant points earned at a moment are no longer valid."""
    expiry = settings.expiry
    if expiry.months is None:
        return None
    day = periods.day_of(occurred_at, settings.zone)
    end = periods.last_day(periods.add_months(day, expiry.months), expiry.rounding)
    return periods.day_end(end, settings.zone)


def grace_until(*, at: datetime, settings: Settings) -> datetime:
    """This is how long points last that come back after their end."""
    day = periods.day_of(at, settings.zone)
    grace = timedelta(days=settings.restore_grace_days)
    return periods.day_end(day + grace, settings.zone)


def money_of(*, points: int, settings: Settings) -> int:
    """What points pay, in minor units: never more than they are worth."""
    unit = settings.point_value.scaleb(settings.exponent)
    return int((points * unit).to_integral_value(ROUND_FLOOR))


def points_for(*, minor: int, settings: Settings) -> int:
    """The fewest points that pay an amount in full."""
    unit = settings.point_value.scaleb(settings.exponent)
    return int((Decimal(minor) / unit).to_integral_value(ROUND_CEILING))


def split(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Share a whole number by weight, by largest remainder; the parts sum to it.

    Equal remainders go to the first key. Weights of nothing share nothing.
    """
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    shares = {key: total * weight // whole for key, weight in weights.items()}
    left = {key: total * weight % whole for key, weight in weights.items()}
    rest = total - sum(shares.values())
    for key in sorted(weights, key=lambda key: -left[key])[:rest]:
        shares[key] += 1
    return shares
