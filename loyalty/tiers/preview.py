"""Who would move if other rules came into force: counted before anything does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from config.lib import periods
from loyalty.points import kernel
from loyalty.tiers import deciding, standing
from loyalty.tiers.standing import Standing
from members.profiles.models import Member
from members.programme.rules import Settings
from members.programme.tiers import Tier, TierSet

# Members named beside a count.
NAMED = 10


@dataclass(frozen=True, kw_only=True)
class Move:
    """So many members who hold `held` would have `fits`. Some of them by name.

    `held` is None where the rules have no longer the tier.
    """

    held: Tier | None
    fits: Tier
    members: int
    some: Sequence[Member]


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Up at once; down when what they hold ends, unless they reach it again; at once too
    from a tier that is `gone`, whether it was higher or lower.

    `falls_today` members would fall under the rules it was compared with too.
    """

    tier_set: TierSet
    up: Sequence[Move]
    down: Sequence[Move]
    gone: Sequence[Move]
    stays: int
    falls_today: int | None = None

    @property
    def falls(self) -> int:
        return sum(move.members for move in self.down)


# As the night will have it: one step or to fit, and never below a lock.
_MOVES = """
SELECT f.set_no, n.rank, m.fit, count(*) AS members,
       (array_agg(f.member_id ORDER BY f.member_id))[1:%(named)s] AS some
  FROM fits f {held}
 CROSS JOIN LATERAL (SELECT CASE WHEN n.rank > f.fit THEN greatest(f.fit,
       least(n.floor, n.rank), CASE WHEN held.downgrade = 'one_step' THEN n.rank - 1 END)
       ELSE f.fit END AS fit) m
 GROUP BY f.set_no, n.rank, m.fit ORDER BY f.set_no, n.rank, m.fit
"""
EVERYBODY = """
SELECT id AS member_id, %(day)s::date AS day FROM members_member WHERE merged_into_id IS NULL
"""


def beside(*, settings: Settings, today: Settings, at: datetime) -> list[Moves]:
    """As `of`, and how many of each set fall under the rules of today anyway."""
    falls = {one.tier_set.key: one.falls for one in of(settings=today, at=at)}
    return [
        replace(one, falls_today=falls.get(one.tier_set.key))
        for one in of(settings=settings, at=at)
    ]


def of(*, settings: Settings, at: datetime) -> list[Moves]:
    """Return the moves of each set if `settings` were in force now; writes nothing."""
    if not settings.tier_sets:
        return []
    found = standing.of(settings=settings, asked=EVERYBODY, at=at)
    told = told_at(periods.day_of(at, settings.zone), named=NAMED)
    rows = kernel.run(counts(found), {**found.told, **told})
    named = Member.objects.in_bulk({pk for row in rows for pk in row["some"]})
    return moves_of(rows, settings=settings, named=named)


def counts(found: Standing) -> str:
    """A query that counts moves, by set, tier held and tier that fits; `told_at` has
    what it takes beside the standing."""
    return f"WITH {found.sql} {_MOVES.format(held=deciding.HELD)}"


def told_at(today: date, *, named: int = 0) -> dict[str, Any]:
    return {"day": today, "today": today, "named": named}


def moves_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    settings: Settings,
    named: Mapping[int, Member],
) -> list[Moves]:
    moves: list[Moves] = []
    for n, one in enumerate(settings.tier_sets):
        mine = [row for row in rows if row["set_no"] == n]
        moved = [
            (
                row["fit"] - row["rank"] if row["rank"] >= 0 else None,
                Move(
                    held=one.tiers[row["rank"]] if row["rank"] >= 0 else None,
                    fits=one.tiers[row["fit"]],
                    members=row["members"],
                    some=[named[pk] for pk in row.get("some", ()) if pk in named],
                ),
            )
            for row in mine
        ]
        moves.append(
            Moves(
                tier_set=one,
                up=[move for step, move in moved if step is not None and step > 0],
                down=[move for step, move in moved if step is not None and step < 0],
                gone=[move for step, move in moved if step is None],
                stays=sum(move.members for step, move in moved if step == 0),
            )
        )
    return moves
