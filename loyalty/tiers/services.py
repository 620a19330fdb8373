"""Tiers follow what members do: upward at once, downward when their time is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from config.lib import periods
from loyalty.points import kernel
from loyalty.points.postings import currency_of
from loyalty.tiers import deciding
from loyalty.tiers.deciding import Change
from loyalty.tiers.models import TierMembership
from members.programme import queries as programme
from members.programme.rules import Settings

# As every operation of the books locks, so that two tills that lift one member take
# turns: accounts in id order, in a statement of their own.
_LOCK = """
SELECT points_lock(array_agg(points_account(m, %(currency)s)))
  FROM (SELECT DISTINCT m FROM unnest(%(members)s::bigint[]) m ORDER BY m) members
"""


@transaction.atomic
def reassess(
    *, pairs: Iterable[tuple[int, date]], actor: str, now: datetime
) -> list[Change]:
    """Lift members at once, who by entries of these local days reached a higher tier.

    Idempotent; never lowers. An entry told late counts on its own day: what it would
    have given then is given now, as far as it would last still.
    """
    settings = programme.settings_at(at=now)
    asked = sorted(set(pairs))
    if not settings.tier_sets or not asked:
        return []
    lock(member_ids=[member_id for member_id, _day in asked], settings=settings)
    changes = deciding.upward(pairs=asked, at=now, settings=settings)
    write(changes=changes, at=now, settings=settings, actor=actor)
    return changes


@transaction.atomic
def after_returns(
    *, returns: Mapping[int, date], actor: str, now: datetime
) -> list[Change]:
    """Take back tiers that members would not have reached without what came back.

    `returns` has the day of each member's. Only within the set's days after the tier was earned, and not below a lock. What
    was held before is held again as far as it lasts.
    """
    settings = programme.settings_at(at=now)
    if not settings.tier_sets or not returns:
        return []
    lock(member_ids=sorted(returns), settings=settings)
    # Also those of the terms before: what came back may have earned them too.
    rows = TierMembership.objects.filter(member_id__in=sorted(returns))
    changes = deciding.back(
        returns=returns,
        earned=list(rows.values_list("member_id", "earned_on").distinct()),
        at=now,
        settings=settings,
    )
    write(changes=changes, at=now, settings=settings, actor=actor)
    return changes


def lock(*, member_ids: Sequence[int], settings: Settings) -> None:
    told = {"members": list(member_ids), "currency": currency_of(settings, None)}
    kernel.run(_LOCK, told)


def got_points(
    *, member_id: int, actor: str, now: datetime, settings: Settings
) -> None:
    """Points of no order can only lift a tier that balances reach."""
    tiers = (tier for one in settings.tier_sets for tier in one.tiers[1:])
    if any(tier.basis == "balance" for tier in tiers):
        today = today_of(at=now, settings=settings)
        reassess(pairs=[(member_id, today)], actor=actor, now=now)


# Two tills that wait for each other may be written against their clocks: a row never ends
# before it begins, and the next one begins where it ends.
_CLOSE = """
UPDATE loyalty_tiermembership SET valid_until = greatest(%(at)s, valid_from)
 WHERE id = ANY (%(ids)s::bigint[]) RETURNING id, valid_until
"""
_OPEN = """
INSERT INTO loyalty_tiermembership (member_id, tier_set, tier, previous, previous_ends_on,
       since, valid_from, earned_on, ends_on, reason, version, actor, run)
SELECT *, %(version)s, %(actor)s, %(run)s FROM unnest(
       %(members)s::bigint[], %(sets)s::text[], %(tiers)s::text[], %(previous)s::text[],
       %(previous_ends)s::date[], %(since)s::timestamptz[], %(from)s::timestamptz[],
       %(earned)s::date[], %(ends)s::date[], %(reasons)s::text[])
"""
_GRACE = """
UPDATE loyalty_tiermembership h SET ends_on = g.ends_on
  FROM unnest(%(ids)s::bigint[], %(ends)s::date[]) g (id, ends_on) WHERE h.id = g.id
"""


def write(
    *,
    changes: Sequence[Change],
    at: datetime,
    settings: Settings,
    actor: str = "",
    run: datetime | None = None,
) -> None:
    """Close what was held, open what is, and for a night say once what it changed."""
    ending = [one for one in changes if not one.reason]
    moves = [one for one in changes if one.reason]
    with connection.cursor() as cursor:
        if ending:
            ids = [one.held_id for one in ending]
            ends = [one.ends_on for one in ending]
            cursor.execute(_GRACE, {"ids": ids, "ends": ends})
        if not moves:
            return
        held = [one.held_id for one in moves if one.held_id is not None]
        cursor.execute(_CLOSE, {"ids": held, "at": at})
        closed = dict(cursor.fetchall())
        begins = [closed.get(one.held_id, at) for one in moves]
        told: dict[str, Any] = {
            "members": [one.member_id for one in moves],
            "sets": [one.tier_set for one in moves],
            "tiers": [one.tier for one in moves],
            "previous": [one.previous for one in moves],
            "reasons": [one.reason for one in moves],
            "run": run,
        }
        cursor.execute(
            _OPEN,
            {
                **told,
                "previous_ends": [one.previous_ends_on for one in moves],
                "since": [
                    one.since or begun for one, begun in zip(moves, begins, strict=True)
                ],
                "from": begins,
                "earned": [one.earned_on for one in moves],
                "ends": [one.ends_on for one in moves],
                "version": settings.number,
                "actor": actor,
            },
        )
        if run is not None:
            cursor.execute(_TELL, told)


# One row a member and night, whatever moved. A batch holds all sets of a member, so a
# night that goes on after a kill finds its notices made with its moves.
_TELL = """
INSERT INTO loyalty_tiernotice (member_id, run, moves)
SELECT member, %(run)s, jsonb_agg(jsonb_build_object(
           'set', tier_set, 'from', previous, 'to', tier, 'reason', reason) ORDER BY place)
  FROM unnest(%(members)s::bigint[], %(sets)s::text[], %(previous)s::text[],
              %(tiers)s::text[], %(reasons)s::text[])
       WITH ORDINALITY AS m (member, tier_set, previous, tier, reason, place)
 WHERE previous <> tier
 GROUP BY member
"""


def today_of(*, at: datetime, settings: Settings) -> date:
    return periods.day_of(at, settings.zone)
