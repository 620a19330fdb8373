"""What tiers a member holds, held, and has yet to reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from config.lib import periods
from loyalty.points import kernel
from loyalty.tiers import standing
from loyalty.tiers.models import TierLock, TierMembership, TierNotice
from members.programme.rules import Settings
from members.programme.tiers import Tier, TierSet

HISTORY = 50


@dataclass(frozen=True, kw_only=True)
class Next:
    """The tier above: what its basis counts now, and what is missing, in its units."""

    tier: Tier
    counted: Decimal
    missing: Decimal


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A member in one set. Without a row the member is in the lowest tier."""

    tier_set: TierSet
    tier: Tier
    row: TierMembership | None
    next: Next | None
    locks: tuple[TierLock, ...]

    @property
    def until(self) -> date | None:
        """The last day before the days of grace; a lock may keep it longer."""
        return self.row.ends_on if self.row else None

    @property
    def grace_until(self) -> date | None:
        grace = self.tier_set.grace_of(self.tier)
        if self.until is None or not grace:
            return None
        return self.until + timedelta(days=grace)


def of_member(*, member_id: int, at: datetime, settings: Settings) -> list[Standing]:
    """Return the member's standing in every set, in the order of the settings."""
    if not settings.tier_sets:
        return []
    today = periods.day_of(at, settings.zone)
    counted = _counted(member_id, today, at=at, settings=settings)
    rows = {
        row.tier_set: row
        for row in TierMembership.objects.filter(
            member_id=member_id, valid_until__isnull=True
        )
    }
    locks = list(
        TierLock.objects.open(on=today).filter(member_id=member_id).order_by("pk")
    )
    return [
        _standing(one, rows.get(one.key), locks, counted, settings)
        for one in settings.tier_sets
    ]


def _standing(
    one: TierSet,
    row: TierMembership | None,
    locks: list[TierLock],
    counted: dict[standing.Slot, Decimal],
    settings: Settings,
) -> Standing:
    # A tier that a version took away is the lowest until the night looks at it.
    rank = (one.rank(row.tier) or 0) if row else 0
    following = None
    if rank + 1 < len(one.tiers):
        tier = one.tiers[rank + 1]
        now = counted[standing.slot_of(tier)]
        following = Next(
            tier=tier, counted=now, missing=max(tier.threshold - now, Decimal(0))
        )
    return Standing(
        tier_set=one,
        tier=one.tiers[rank],
        row=row if row and one.rank(row.tier) is not None else None,
        next=following,
        locks=tuple(lock for lock in locks if lock.tier_set == one.key),
    )


def _counted(
    member_id: int, day: date, *, at: datetime, settings: Settings
) -> dict[standing.Slot, Decimal]:
    """What each basis counts today, money in units of the currency."""
    asked = "SELECT %(member)s::bigint AS member_id, %(day)s::date AS day"
    found = standing.of(settings=settings, asked=asked, at=at)
    names = ", ".join(f"v{n}" for n in range(len(found.slots))) or "1 AS none"
    told: dict[str, Any] = {**found.told, "member": member_id, "day": day}
    rows = kernel.run(f"WITH {found.sql} SELECT {names} FROM fits LIMIT 1", told)  # noqa: S608  our own text
    row = rows[0] if rows else {}
    return {
        slot: _in_units(Decimal(row.get(f"v{n}") or 0), slot, settings)
        for n, slot in enumerate(found.slots)
    }


def _in_units(value: Decimal, slot: standing.Slot, settings: Settings) -> Decimal:
    return value.scaleb(-settings.exponent) if slot.basis == "spend" else value


@dataclass(frozen=True, kw_only=True)
class InTier:
    """Members in one tier of a set. In the lowest is who holds none of the others."""

    tier_set: str
    tier: str
    above_lowest: tuple[str, ...]

    def narrow(self, field: str) -> Q:
        """`field` is the lookup that leads to the member's id."""
        held = TierMembership.objects.filter(
            tier_set=self.tier_set, valid_until__isnull=True
        )
        if self.tier in self.above_lowest:
            return Q(**{f"{field}__in": held.filter(tier=self.tier).values("member")})
        higher = held.filter(tier__in=self.above_lowest)
        return ~Q(**{f"{field}__in": higher.values("member")})


def in_tier(*, tier_set: TierSet, tier: Tier) -> InTier:
    above = tuple(one.key for one in tier_set.tiers[1:])
    return InTier(tier_set=tier_set.key, tier=tier.key, above_lowest=above)


def history(*, member_id: int, limit: int = HISTORY) -> list[TierMembership]:
    """What the member held, the newest first."""
    rows = TierMembership.objects.filter(member_id=member_id)
    return list(rows.order_by("-valid_from", "-pk")[:limit])


def notices(*, member_id: int, limit: int = HISTORY) -> list[TierNotice]:
    """What nights changed for the member, the newest first."""
    return list(TierNotice.objects.filter(member_id=member_id).order_by("-run")[:limit])


def locks(*, member_id: int, limit: int = HISTORY) -> list[TierLock]:
    return list(TierLock.objects.filter(member_id=member_id).order_by("-pk")[:limit])
