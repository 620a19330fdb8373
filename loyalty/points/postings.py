"""Giving and taking one lot of points: what every verb of the books comes down to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty.points import errors, kernel, rules
from loyalty.points.enums import Role, TransferKind
from loyalty.points.kernel import Of
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A transfer, and whether this call met it instead of making it."""

    transfer_id: int
    replayed: bool


def credit(
    *,
    kind: TransferKind,
    role: Role,
    member_id: int,
    points: int,
    currency: str,
    reference: str,
    digest: str,
    at: datetime,
    now: datetime,
    available_at: datetime | None,
    expires_at: datetime | None,
    rolling: bool,
    version: int,
    reason: str = "",
    actor: str = "",
) -> Posted:
    """Give points once for a reference; debt is paid from them first."""
    row = kernel.call(
        "points_credit_one",
        currency=currency,
        role=role,
        kind=kind,
        member=member_id,
        points=points,
        reference=reference,
        digest=digest,
        at=at,
        available=available_at,
        expires=expires_at,
        rolling=rolling,
        version=version,
        parts=None,
        reason=reason,
        actor=actor,
        now=now,
    )
    return Posted(transfer_id=row["transfer_id"], replayed=row["replayed"])


def debit(
    *,
    kind: TransferKind,
    role: Role,
    member_id: int,
    points: int,
    currency: str,
    reference: str,
    digest: str,
    reason: str,
    actor: str,
    at: datetime,
    now: datetime,
    version: int,
    rolling_until: datetime | None,
) -> Posted:
    row = kernel.call(
        "points_debit",
        account=Of(member_id, currency),
        points=points,
        kind=kind,
        role=role,
        reference=reference,
        digest=digest,
        at=at,
        now=now,
        version=version,
        reason=reason,
        actor=actor,
        rolling_until=rolling_until,
    )
    return Posted(transfer_id=row["transfer_id"], replayed=row["replayed"])


def rolling_until(at: datetime, settings: Settings) -> datetime | None:
    if settings.expiry.by != "inactivity":
        return None
    return rules.expires_at(occurred_at=at, settings=settings)


def currency_of(settings: Settings, key: str | None) -> str:
    """The point currency meant by a key; none named is the one orders earn."""
    known = [one.key for one in settings.currencies]
    if key is None:
        return known[0]
    if key not in known:
        raise errors.NotSpendable(known=known)
    return key
