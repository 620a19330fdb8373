"""Tiers as the HTTP API gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.tiers import queries
from loyalty.tiers.enums import TierReason
from loyalty.tiers.models import TierLock, TierMembership
from loyalty.tiers.queries import Next, Standing
from members.api.fields import Day, Moment
from members.programme import queries as programme
from members.programme.rules import Settings
from members.programme.tiers import Basis, plain

_day = Day().to_representation
_moment = Moment().to_representation


def amount(value: Decimal, basis: Basis, settings: Settings) -> str | int:
    """Money is a decimal string, points and places are whole numbers."""
    if basis == "spend":
        return str(value.quantize(Decimal(1).scaleb(-settings.exponent)))
    return int(value)


def standing(found: Standing, *, settings: Settings) -> dict[str, Any]:
    row = found.row
    following = _next(found.next, settings) if found.next else None
    return {
        "set": found.tier_set.key,
        "tier": found.tier.key,
        "name": found.tier.name,
        "since": _moment(row.since) if row else None,
        "until": _day(found.until) if found.until else None,
        "grace_until": _day(found.grace_until) if found.grace_until else None,
        "why": str(TierReason(row.reason).label) if row else "",
        "reason": row.reason if row else "",
        "earned_on": _day(row.earned_on) if row else None,
        "version": row.version if row else None,
        "multiplier": plain(found.tier.multiplier),
        "benefits": list(found.tier.benefits),
        "next": following,
        "missing": following["missing"] if following else None,
        "locks": [lock(one) for one in found.locks],
    }


def _next(following: Next, settings: Settings) -> dict[str, Any]:
    tier = following.tier
    return {
        "tier": tier.key,
        "name": tier.name,
        "basis": tier.basis,
        "window": tier.window,
        "metric": tier.metric,
        "threshold": amount(tier.threshold, tier.basis, settings),
        "counted": amount(following.counted, tier.basis, settings),
        "missing": amount(following.missing, tier.basis, settings),
    }


def lock(one: TierLock) -> dict[str, Any]:
    return {
        "id": one.pk,
        "set": one.tier_set,
        "tier": one.tier,
        "until": _day(one.until),
        "reason": one.reason,
        "author": one.author,
        "created_at": _moment(one.created_at),
        "released_at": _moment(one.released_at) if one.released_at else None,
        "released_by": one.released_by,
        "release_reason": one.release_reason,
    }


def entry(row: TierMembership) -> dict[str, Any]:
    return {
        "set": row.tier_set,
        "tier": row.tier,
        "previous": row.previous,
        "from": _moment(row.valid_from),
        "until": _moment(row.valid_until) if row.valid_until else None,
        "earned_on": _day(row.earned_on),
        "ends_on": _day(row.ends_on) if row.ends_on else None,
        "reason": row.reason,
        "why": str(TierReason(row.reason).label),
        "version": row.version,
        "actor": row.actor,
    }


def whole(
    found: Sequence[Standing],
    *,
    wanted: Standing,
    member_id: int,
    settings: Settings,
) -> dict[str, Any]:
    return {
        **standing(wanted, settings=settings),
        "sets": [standing(one, settings=settings) for one in found],
        "history": [entry(row) for row in queries.history(member_id=member_id)],
    }


def part(*, member_id: int, at: datetime) -> Mapping[str, Any] | None:
    """The tier on a member's profile: that of the first set; None without any."""
    settings = programme.settings_at(at=at)
    found = queries.of_member(member_id=member_id, at=at, settings=settings)
    return standing(found[0], settings=settings) if found else None
