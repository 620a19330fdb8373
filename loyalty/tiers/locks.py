"""Locks: until a day nobody lowers a member's tier, because somebody said so and why."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from loyalty.tiers import deciding, services
from loyalty.tiers.deciding import Change
from loyalty.tiers.errors import LockOver, NotLocked, UnknownSet, UnknownTier
from loyalty.tiers.models import TierLock, TierMembership
from members.audit import services as audit
from members.programme.rules import Settings
from members.programme.tiers import TierSet


def set_of(settings: Settings, key: str | None) -> TierSet:
    """The set of tiers with this key; none named is the first. Raises `UnknownSet`."""
    found = [one for one in settings.tier_sets if key in (None, "", one.key)]
    if not found:
        raise UnknownSet()
    return found[0]


@transaction.atomic
def put(
    *,
    member_id: int,
    tier_set: str | None,
    tier: str,
    until: date,
    reason: str,
    actor: str,
    now: datetime,
    settings: Settings,
) -> TierLock:
    """Keep a member in a tier or above through a day; whoever is below is lifted to it.

    Raises `UnknownSet`, `UnknownTier`, `LockOver`.
    """
    one = set_of(settings, tier_set)
    rank = one.rank(tier)
    if rank is None:
        raise UnknownTier()
    today = services.today_of(at=now, settings=settings)
    if until < today:
        raise LockOver()
    services.lock(member_ids=[member_id], settings=settings)
    made = TierLock.objects.create(
        member_id=member_id,
        tier_set=one.key,
        tier=tier,
        until=until,
        reason=reason,
        author=actor,
        created_at=now,
    )
    held = TierMembership.objects.filter(
        member_id=member_id, tier_set=one.key, valid_until__isnull=True
    ).first()
    if rank > ((one.rank(held.tier) or 0) if held else 0):
        change = _lifted(made, held, one, today)
        services.write(changes=[change], at=now, settings=settings, actor=actor)
    elif held and held.reason == "locked" and held.tier == tier:
        # One lock goes on where the other ends; only their end is an end.
        held.ends_on = max(until, held.ends_on or until)
        held.save(update_fields=["ends_on"])
    _audit("tiers.lock", made, actor, now)
    return made


def _lifted(
    made: TierLock, held: TierMembership | None, one: TierSet, today: date
) -> Change:
    return Change(
        member_id=made.member_id,
        tier_set=one.key,
        held_id=held.pk if held else None,
        tier=made.tier,
        previous=held.tier if held else one.tiers[0].key,
        previous_ends_on=held.ends_on if held else None,
        since=None,
        earned_on=today,
        ends_on=made.until,
        reason="locked",
    )


@transaction.atomic
def take_off(
    *, lock_id: int, reason: str, actor: str, now: datetime, settings: Settings
) -> TierLock:
    """Take a lock off: what it alone kept is judged anew at once. Raises `NotLocked`."""
    found = TierLock.objects.get(pk=lock_id)
    services.lock(member_ids=[found.member_id], settings=settings)
    today = services.today_of(at=now, settings=settings)
    done = (
        TierLock.objects.open(on=today)
        .filter(pk=lock_id)
        .update(released_at=now, released_by=actor, release_reason=reason)
    )
    if not done:
        raise NotLocked()
    changes = deciding.freed(member_id=found.member_id, at=now, settings=settings)
    services.write(changes=changes, at=now, settings=settings, actor=actor)
    _audit("tiers.unlock", found, actor, now)
    found.refresh_from_db()
    return found


def _audit(action: str, lock: TierLock, actor: str, now: datetime) -> None:
    """Who, when and which tier; why stands on the lock, for it may name a person."""
    audit.record_by(
        actor=actor,
        action=action,
        target=f"TierLock:{lock.pk}",
        details={
            "member": lock.member_id,
            "set": lock.tier_set,
            "tier": lock.tier,
            "until": lock.until.isoformat(),
        },
        at=now,
    )
