"""What happens to points. Each verb is one call of the kernel: safe to repeat by its
reference, safe beside anybody else, refused by name.

`at` is when it happened, `now` when it is told. Nothing here reads the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.db import transaction

from loyalty.points import errors, kernel, postings, rules, watchers
from loyalty.points.enums import Role, TransferKind
from loyalty.points.kernel import Of
from loyalty.points.models import Allocation, Transfer
from loyalty.points.postings import Posted, currency_of
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Placed:
    hold_id: int
    replayed: bool


def adjust(
    *,
    member_id: int,
    points: int,
    reference: str,
    reason: str,
    actor: str,
    at: datetime,
    now: datetime,
    settings: Settings,
    expires_at: datetime | None = None,
    currency: str | None = None,
) -> Posted:
    """Give points (above zero) or take them (below); refused beyond what is available."""
    _not_in_the_future(at, now)
    currency = currency_of(settings, currency)
    payload = {
        "member": member_id,
        "points": points,
        "reason": reason,
        # A repeat without a time of its own is told at another present.
        "at": None if at == now else at,
    }
    if points < 0:
        return postings.debit(
            kind=TransferKind.ADJUST,
            role=Role.ADJUSTMENTS,
            member_id=member_id,
            points=-points,
            currency=currency,
            reference=f"adjust:{reference}",
            digest=kernel.digest(payload),
            reason=reason,
            actor=actor,
            at=at,
            now=now,
            version=settings.number,
            rolling_until=None,
        )
    ends = expires_at or rules.expires_at(occurred_at=at, settings=settings)
    posted = postings.credit(
        kind=TransferKind.ADJUST,
        role=Role.ADJUSTMENTS,
        member_id=member_id,
        points=points,
        currency=currency,
        reference=f"adjust:{reference}",
        digest=kernel.digest({**payload, "expires": expires_at}),
        at=at,
        now=now,
        available_at=at,
        expires_at=ends,
        # An end that staff names is kept.
        rolling=expires_at is None and settings.expiry.by == "inactivity",
        version=settings.number,
        reason=reason,
        actor=actor,
    )
    watchers.tell(member_id=member_id, actor=actor, now=now, settings=settings)
    return posted


def redeem(
    *,
    member_id: int,
    points: int,
    reference: str,
    actor: str,
    at: datetime,
    now: datetime,
    settings: Settings,
    reason: str = "",
    currency: str | None = None,
) -> Posted:
    """Spend points; `reference` is a business key of the member.

    Raises `InsufficientPoints`, or `ReferenceConflict` if the reference was used
    otherwise.
    """
    _not_in_the_future(at, now)
    key = _spendable(settings, currency)
    payload = {"points": points, "currency": key, "at": None if at == now else at}
    return postings.debit(
        kind=TransferKind.REDEEM,
        role=Role.REDEEMED,
        member_id=member_id,
        points=points,
        currency=key,
        reference=f"redeem:{member_id}:{key}:{reference}",
        digest=kernel.digest(payload),
        reason=reason,
        actor=actor,
        at=at,
        now=now,
        version=settings.number,
        rolling_until=postings.rolling_until(at, settings),
    )


def hold(
    *,
    member_id: int,
    points: int,
    reference: str,
    expires_at: datetime,
    now: datetime,
    settings: Settings,
    terms: Mapping[str, Any] | None = None,
    currency: str | None = None,
) -> Placed:
    """Set points aside until `expires_at`; `terms` are what a repeat must say again."""
    key = _spendable(settings, currency)
    payload = {"points": points, "terms": terms or {"expires_at": expires_at}}
    row = kernel.call(
        "points_hold",
        account=Of(member_id, key),
        points=points,
        reference=reference,
        digest=kernel.digest(payload),
        now=now,
        expires_at=expires_at,
    )
    return Placed(hold_id=row["hold_id"], replayed=row["replayed"])


def capture(
    *, hold_id: int, points: int | None, actor: str, now: datetime, settings: Settings
) -> Transfer:
    """Spend held points, all of them or fewer; the rest is free again.

    Raises `HoldResolved` if somebody, or time, was faster; `HoldExceeded`.
    """
    if points == 0:
        raise errors.HoldExceeded(asked=0)
    transfer_id = _resolve(
        hold_id=hold_id, points=points, actor=actor, now=now, settings=settings
    )
    return Transfer.objects.get(pk=transfer_id or 0)


def release(*, hold_id: int, actor: str, now: datetime, settings: Settings) -> None:
    """Give held points back. Raises `HoldResolved`."""
    _resolve(hold_id=hold_id, points=0, actor=actor, now=now, settings=settings)


def transfer(
    *,
    from_member_id: int,
    to_member_id: int,
    points: int,
    reference: str,
    actor: str,
    now: datetime,
    settings: Settings,
    reason: str = "",
    currency: str | None = None,
) -> Posted:
    """Move points to another member; they keep the dates they had."""
    if from_member_id == to_member_id:
        raise errors.SameMember()
    key = _spendable(settings, currency)
    payload = {"from": from_member_id, "to": to_member_id, "points": points}
    row = kernel.call(
        "points_transfer",
        from_member=from_member_id,
        to_member=to_member_id,
        currency=key,
        points=points,
        reference=f"transfer:{reference}",
        digest=kernel.digest(payload),
        now=now,
        reason=reason,
        actor=actor,
    )
    return Posted(transfer_id=row["transfer_id"], replayed=row["replayed"])


@transaction.atomic
def convert(
    *,
    member_id: int,
    points: int,
    from_currency: str,
    to_currency: str,
    reference: str,
    actor: str,
    now: datetime,
    settings: Settings,
) -> Posted:
    """Turn points of one currency into another's by the programme's rate, rounded down.

    What they become keeps the ends of the lots it came from: converting there and back
    makes no point last longer. Raises `NotConvertible`, `TooFewToConvert`,
    `InsufficientPoints`.
    """
    rate = _rate(settings, from_currency, to_currency)
    given = int((points * rate).to_integral_value(ROUND_FLOOR))
    if given < 1:
        raise errors.TooFewToConvert(asked=points, rate=str(rate))
    digest = kernel.digest({"points": points, "rate": rate, "to": to_currency})
    _lock(member_id, from_currency, to_currency)
    posted = postings.debit(
        kind=TransferKind.CONVERT,
        role=Role.CONVERSION,
        member_id=member_id,
        points=points,
        currency=from_currency,
        reference=f"convert:{reference}:out",
        digest=digest,
        reason="",
        actor=actor,
        at=now,
        now=now,
        version=settings.number,
        rolling_until=postings.rolling_until(now, settings),
    )
    if not posted.replayed:
        _become(
            posted,
            member_id=member_id,
            points=given,
            currency=to_currency,
            reference=f"convert:{reference}:in",
            digest=digest,
            actor=actor,
            now=now,
            settings=settings,
        )
    return posted


def _become(
    posted: Posted,
    *,
    member_id: int,
    points: int,
    currency: str,
    reference: str,
    digest: str,
    actor: str,
    now: datetime,
    settings: Settings,
) -> None:
    """Credit what taken points become, a lot for each lot they came from."""
    taken = Allocation.objects.filter(transfer_id=posted.transfer_id)
    lots = {one.lot_id: one for one in taken.select_related("lot").order_by("lot_id")}
    shares = rules.split(points, {pk: one.points for pk, one in lots.items()})
    for pk, share in shares.items():
        if share:
            postings.credit(
                kind=TransferKind.CONVERT,
                role=Role.CONVERSION,
                member_id=member_id,
                points=share,
                currency=currency,
                reference=f"{reference}:{pk}",
                digest=digest,
                at=now,
                now=now,
                available_at=now,
                expires_at=lots[pk].lot.expires_at,
                rolling=lots[pk].lot.rolling,
                version=settings.number,
                actor=actor,
            )


def _rate(settings: Settings, source: str, target: str) -> Decimal:
    known = {one.key: one for one in settings.currencies}
    rate = known[source].rate(target) if source in known else None
    if rate is None:
        raise errors.NotConvertible()
    return rate


def write_off(
    *,
    member_id: int,
    points: int,
    reference: str,
    reason: str,
    actor: str,
    now: datetime,
    settings: Settings,
    currency: str | None = None,
) -> Posted:
    """Give up points a member owes; the uncollected account bears them. `NotOwed`."""
    row = kernel.call(
        "points_write_off",
        account=Of(member_id, currency_of(settings, currency)),
        points=points,
        reference=f"write_off:{reference}",
        digest=kernel.digest({"member": member_id, "points": points}),
        now=now,
        reason=reason,
        actor=actor,
    )
    return Posted(transfer_id=row["transfer_id"], replayed=row["replayed"])


def until(
    *, ttl_seconds: int | None, expires_at: datetime | None, now: datetime
) -> datetime:
    """When a hold ends: a time that is told, or so many elapsed seconds from now."""
    if expires_at is not None:
        return expires_at
    return now + timedelta(seconds=ttl_seconds or 0)


def _lock(member_id: int, *currencies: str) -> None:
    """Both accounts at once, so that opposite conversions never wait for each other."""
    kernel.run(
        "SELECT points_lock(array_agg(points_account(%(member)s, key)))"
        " FROM unnest(%(keys)s::text[]) key",
        {"member": member_id, "keys": sorted(currencies)},
    )


def _spendable(settings: Settings, key: str | None) -> str:
    found = currency_of(settings, key)
    if not any(one.key == found and one.spendable for one in settings.currencies):
        raise errors.NotSpendable()
    return found


def _not_in_the_future(at: datetime, now: datetime) -> None:
    if at > now:
        raise errors.Future()


def _resolve(
    *, hold_id: int, points: int | None, actor: str, now: datetime, settings: Settings
) -> int | None:
    row = kernel.call(
        "points_resolve",
        hold=hold_id,
        points=points,
        now=now,
        version=settings.number,
        actor=actor,
        rolling_until=postings.rolling_until(now, settings),
    )
    found: int | None = row["transfer_id"]
    return found
