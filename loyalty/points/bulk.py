"""Redemptions in bulk: one call of the kernel, each row done or refused by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.points import errors, kernel, postings
from loyalty.points.enums import Role, TransferKind
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """Points to spend; `reference` is a business key of the member."""

    member_id: int
    points: int
    reference: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """What became of one: its entry, or why it was refused."""

    transfer_id: int | None
    replayed: bool
    refusal: errors.PointsRefused | None


def redeem_many(
    *,
    redemptions: Sequence[Redemption],
    actor: str,
    settings: Settings,
    now: datetime | None,
    reason: str = "",
) -> list[Redeemed]:
    """Spend points of many members, as `services.redeem` does for one, in this order.

    `now` None: each is told when it happens, as a till that is never offline would.
    """
    currency = postings.currency_of(settings, None)
    rows = kernel.run(
        _DEBITS,
        {
            "currency": currency,
            "role": Role.REDEEMED.value,
            "kind": TransferKind.REDEEM.value,
            "members": [one.member_id for one in redemptions],
            "points": [one.points for one in redemptions],
            "references": [
                f"redeem:{one.member_id}:{currency}:{one.reference}"
                for one in redemptions
            ],
            "digests": [_digest(one, currency, now) for one in redemptions],
            "at": [one.at for one in redemptions],
            "rolling": [
                postings.rolling_until(one.at, settings) for one in redemptions
            ],
            "versions": [settings.number] * len(redemptions),
            "reason": reason,
            "actor": actor,
            "now": now,
        },
    )
    return [
        Redeemed(
            transfer_id=row["transfer_id"],
            replayed=row["replayed"],
            refusal=_refusal(row["refused"], row["facts"]),
        )
        for row in rows
    ]


def _digest(one: Redemption, currency: str, now: datetime | None) -> str:
    told_at_once = now is None or one.at == now
    payload = {
        "points": one.points,
        "currency": currency,
        "at": None if told_at_once else one.at,
    }
    return kernel.digest(payload)


def _refusal(
    code: str | None, facts: dict[str, int] | None
) -> errors.PointsRefused | None:
    return errors.BY_CODE[code](**(facts or {})) if code else None


_DEBITS = """
SELECT * FROM points_debit_many(%(currency)s, %(role)s, %(kind)s, %(members)s::bigint[],
    %(points)s::bigint[], %(references)s::text[], %(digests)s::text[],
    %(at)s::timestamptz[], %(rolling)s::timestamptz[], %(versions)s::int[], %(reason)s,
    %(actor)s, %(now)s)
"""
