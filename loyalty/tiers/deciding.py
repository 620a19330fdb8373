"""What becomes of held tiers: decided by set-based queries that write nothing.

Each row is one member and one set. No join of one step with another: what is held is
looked up for each row, so the work grows with the members and not with their square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from config.lib import periods
from loyalty.points import kernel
from loyalty.tiers import bases, standing
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Change:
    """The row a member is to get; `held_id` is the one it takes the place of.

    Without a `reason` nothing is won or lost yet: the tier is no longer reached, and the
    days of grace begin with `ends_on`.
    """

    member_id: int
    tier_set: str
    held_id: int | None
    tier: str
    previous: str
    previous_ends_on: date | None
    since: datetime | None
    earned_on: date
    ends_on: date | None
    reason: str


# A member's row of a set, as each decision looks at it: what is held (`rank` 0 without a
# row, -1 where the version has no such tier), the highest lock and its end, and what was
# held before.
HELD = """
LEFT JOIN LATERAL (
    SELECT * FROM loyalty_tiermembership x
     WHERE x.member_id = f.member_id AND x.tier_set = f.set_key AND x.valid_until IS NULL) h
  ON true
LEFT JOIN LATERAL (
    SELECT r.floor, k.until FROM loyalty_tierlock k
     CROSS JOIN LATERAL (
           SELECT (%(ranks)s::jsonb #>> ARRAY[f.set_key, k.tier])::int AS floor) r
     WHERE k.member_id = f.member_id AND k.tier_set = f.set_key AND r.floor IS NOT NULL
       AND k.released_at IS NULL AND k.until >= %(today)s
     ORDER BY r.floor DESC, k.until DESC LIMIT 1) lock ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN h.id IS NULL THEN 0
                ELSE coalesce((%(ranks)s::jsonb #>> ARRAY[f.set_key, h.tier])::int, -1) END AS rank,
           coalesce((%(ranks)s::jsonb #>> ARRAY[f.set_key, h.previous])::int, 0) AS previous_rank,
           coalesce(lock.floor, 0) AS floor, lock.until AS floor_until) n
JOIN tiers held ON (held.set_no, held.rank) = (f.set_no, greatest(n.rank, 0))
"""

# Whether what was held before would be held still.
_PREVIOUS = """
CROSS JOIN LATERAL (
    SELECT CASE WHEN n.previous_rank > 0 AND n.previous_rank < n.rank
                     AND (h.previous_ends_on IS NULL
                          OR h.previous_ends_on + p.grace >= %(today)s)
                THEN n.previous_rank ELSE 0 END AS rank
      FROM tiers p WHERE (p.set_no, p.rank) = (f.set_no, n.previous_rank)) before
"""

_COLUMNS = """
member_id, set_key AS tier_set, held_id, tier, previous, previous_ends_on, since, earned_on,
ends_on, reason
"""

# Reached by some day asked about, and not over since: the highest tier, by the day it was
# reached first. In the days of grace reaching the same tier renews it.
_UP = """
SELECT DISTINCT ON (f.member_id, f.set_no)
       f.member_id, f.set_key, h.id AS held_id, t.tier,
       coalesce(h.tier, (SELECT tier FROM tiers b WHERE (b.set_no, b.rank) = (f.set_no, 0)))
           AS previous,
       h.ends_on AS previous_ends_on, CASE WHEN f.fit = n.rank THEN h.since END AS since,
       f.day AS earned_on, e.ends_on,
       CASE WHEN f.fit = n.rank THEN 'renewed' ELSE 'reached' END AS reason
  FROM fits f {held}
  JOIN tiers t ON (t.set_no, t.rank) = (f.set_no, f.fit)
 CROSS JOIN LATERAL (
       SELECT tier_term(t.validity, t.span, f.day, f.joined_on, false) AS ends_on) e
 WHERE f.fit > 0 AND (f.fit > n.rank OR (f.fit = n.rank AND h.ends_on < f.day))
   AND (e.ends_on IS NULL OR e.ends_on + t.grace >= %(today)s)
 ORDER BY f.member_id, f.set_no, f.fit DESC, f.day
"""

# What was held before the tier that a return undid, and what would be held now without
# it. A renewal came before its time was over: without it that time runs on, or has run
# out by the set's own policy; unless what came back had earned the time before too.
_WITHOUT = """
LEFT JOIN LATERAL (
    SELECT x.earned_on, x.reason FROM loyalty_tiermembership x
     WHERE x.member_id = f.member_id AND x.tier_set = f.set_key AND x.tier = h.previous
       AND x.id <> h.id
     ORDER BY x.valid_from DESC, x.id DESC LIMIT 1) earlier ON true
JOIN tiers p ON (p.set_no, p.rank) = (f.set_no, n.previous_rank)
CROSS JOIN LATERAL (
    SELECT h.reason = 'renewed' AS renewed,
           n.previous_rank > 0
           AND (h.previous_ends_on IS NULL OR h.previous_ends_on + p.grace >= %(today)s) AS lasts,
           earlier.reason NOT IN ('reached', 'renewed')
           OR n.rank <= (SELECT max(x.fit) FROM fits x
                          WHERE x.member_id = f.member_id AND x.set_no = f.set_no
                            AND x.day = earlier.earned_on) AS sound) w
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT w.renewed THEN
                     CASE WHEN w.lasts AND n.previous_rank < n.rank THEN n.previous_rank ELSE 0 END
                WHEN NOT coalesce(w.sound, false) THEN 0
                WHEN w.lasts THEN n.rank
                WHEN held.downgrade = 'one_step' THEN n.rank - 1
                ELSE 0 END AS rank) before
"""

# A tier that a return undid: neither the day it was earned on reaches it now, nor today.
_BACK = """
SELECT f.member_id, f.set_key, h.id AS held_id, t.tier, h.tier AS previous,
       h.ends_on AS previous_ends_on, CASE WHEN t.rank = n.rank THEN h.since END AS since,
       CASE WHEN a.again THEN earlier.earned_on ELSE %(today)s END::date AS earned_on,
       CASE WHEN t.rank = 0 THEN NULL WHEN a.again THEN h.previous_ends_on
            WHEN a.locked THEN n.floor_until
            ELSE tier_term(t.validity, t.span, %(today)s, f.joined_on, false) END AS ends_on,
       CASE WHEN a.locked OR (a.again AND earlier.reason = 'locked') THEN 'locked'
            WHEN a.again AND earlier.reason = 'ended' THEN 'ended'
            ELSE 'returned' END AS reason
  FROM (SELECT member_id, set_no, set_key, joined_on, max(fit) AS fit FROM fits x
         WHERE x.day = %(today)s OR EXISTS (
               SELECT 1 FROM loyalty_tiermembership y
                WHERE y.member_id = x.member_id AND y.tier_set = x.set_key
                  AND y.valid_until IS NULL AND y.earned_on = x.day)
         GROUP BY member_id, set_no, set_key, joined_on) f {held} {without}
  JOIN tiers t ON (t.set_no, t.rank) = (f.set_no, greatest(f.fit, before.rank, n.floor))
 CROSS JOIN LATERAL (
       SELECT w.lasts AND t.rank > 0 AND before.rank = t.rank AND n.previous_rank = t.rank AS again,
              n.floor > greatest(f.fit, before.rank) AS locked) a
 WHERE f.fit < n.rank AND n.floor < n.rank AND h.reason NOT IN ('locked', 'ended')
   AND (%(returned)s::jsonb ->> f.member_id::text)::date <= h.earned_on + held.clawback
"""

# The night: what ends with %(day)s, what a lock no longer keeps, what is reached without
# a purchase. One row a member and set, so one change.
_NIGHT = """
SELECT d.member_id, d.set_key, d.held_id, t.tier, d.held_tier AS previous,
       d.held_ends AS previous_ends_on,
       CASE WHEN t.rank = d.held_rank THEN d.since END AS since,
       CASE WHEN d.reason IN ('reached', 'given_up') THEN %(today)s ELSE %(day)s END::date
           AS earned_on,
       CASE WHEN t.rank = 0 THEN NULL
            WHEN d.reason = '' THEN %(day)s
            WHEN d.locked THEN d.floor_until
            WHEN d.reason = 'lock_ended' AND t.rank = d.before THEN d.before_ends
            ELSE tier_term(t.validity, t.span,
                 CASE WHEN d.reason = 'reached' THEN %(today)s ELSE %(day)s END::date,
                 d.joined_on, d.reason <> 'reached') END AS ends_on,
       CASE WHEN d.locked THEN 'locked' ELSE d.reason END AS reason
  FROM (SELECT f.member_id, f.set_no, f.set_key, f.joined_on, h.id AS held_id, h.since,
               coalesce(h.tier, held.tier) AS held_tier, h.ends_on AS held_ends,
               n.rank AS held_rank, before.rank AS before, h.previous_ends_on AS before_ends,
               w.reason, greatest(own.rank, own.floor) AS rank, n.floor_until,
               own.floor > own.rank AS locked
          FROM fits f {held} {previous}
         CROSS JOIN LATERAL (SELECT CASE
               WHEN n.rank < 0 AND f.fit = 0 THEN 'given_up'
               WHEN f.fit > n.rank THEN 'reached'
               WHEN n.rank = 0 OR h.ends_on > %(day)s THEN NULL
               WHEN f.fit = n.rank THEN CASE WHEN h.ends_on IS NOT NULL THEN 'renewed' END
               WHEN n.floor >= n.rank THEN NULL
               WHEN h.reason = 'locked' THEN 'lock_ended'
               WHEN h.ends_on + held.grace <= %(day)s THEN 'ended'
               WHEN h.ends_on IS NULL THEN CASE WHEN held.grace = 0 THEN 'ended' ELSE '' END
               END AS reason) w
         CROSS JOIN LATERAL (SELECT
               CASE WHEN w.reason IN ('lock_ended', 'ended', 'given_up') THEN n.floor
                    ELSE 0 END AS floor,
               CASE w.reason
                   WHEN 'reached' THEN f.fit
                   WHEN 'given_up' THEN 0
                   WHEN 'lock_ended' THEN greatest(f.fit, before.rank)
                   WHEN 'ended' THEN greatest(f.fit,
                        CASE WHEN held.downgrade = 'one_step' THEN n.rank - 1 ELSE 0 END)
                   ELSE n.rank END AS rank) own
         WHERE w.reason IS NOT NULL AND h.run IS DISTINCT FROM %(run)s
           AND (h.id IS NULL OR h.valid_from <= %(run)s)) d
  JOIN tiers t ON (t.set_no, t.rank) = (d.set_no, d.rank)
"""

# A lock was taken off: what it alone kept goes to what is reached, or was held before.
_FREED = """
SELECT f.member_id, f.set_key, h.id AS held_id, t.tier, h.tier AS previous,
       h.ends_on AS previous_ends_on, NULL::timestamptz AS since, %(today)s::date AS earned_on,
       CASE WHEN t.rank = 0 THEN NULL WHEN before.rank = t.rank THEN h.previous_ends_on
            WHEN n.floor > f.fit THEN n.floor_until
            ELSE tier_term(t.validity, t.span, %(today)s, f.joined_on, false) END AS ends_on,
       CASE WHEN n.floor > greatest(f.fit, before.rank) THEN 'locked' ELSE 'unlocked' END AS reason
  FROM fits f {held} {previous}
  JOIN tiers t ON (t.set_no, t.rank) = (f.set_no, greatest(f.fit, before.rank, n.floor))
 WHERE h.reason = 'locked' AND t.rank < n.rank
"""

_PAIRS = """
SELECT DISTINCT p.member_id, p.day FROM unnest(%(members)s::bigint[], %(days)s::date[])
       AS p (member_id, day)
"""


# What is told late may be what a later purchase lacked, so its member's days since are
# asked about too.
_SINCE = """
SELECT DISTINCT member_id, day FROM ({pairs} UNION ALL
    SELECT a.member_id, x.day
      FROM (SELECT p.member_id, min(p.day) AS day
              FROM unnest(%(members)s::bigint[], %(days)s::date[]) AS p (member_id, day)
             GROUP BY p.member_id HAVING min(p.day) < %(today)s) a
     CROSS JOIN LATERAL (SELECT a.day - 1 AS first) l
     CROSS JOIN LATERAL ({entries}) x
     WHERE x.day > l.first AND x.day <= %(today)s) asked
"""


def _since(settings: Settings) -> str:
    used = {slot.basis for slot in standing.slots_of(settings.tier_sets)}
    entries = [text for basis, text in bases.entries().items() if basis in used]
    if not entries:
        return _PAIRS
    return _SINCE.format(pairs=_PAIRS, entries=" UNION ALL ".join(entries))


def upward(
    *,
    pairs: Sequence[tuple[int, date]],
    at: datetime,
    settings: Settings,
) -> list[Change]:
    """What members reach by entries of these days, and of those since; today included."""
    today = periods.day_of(at, settings.zone)
    asked = {*pairs, *((member_id, today) for member_id, _day in pairs)}
    told = _told(sorted(asked), today)
    return _ask(_UP, _since(settings), told, at=at, settings=settings)


def back(
    *,
    returns: Mapping[int, date],
    earned: Sequence[tuple[int, date]],
    at: datetime,
    settings: Settings,
) -> list[Change]:
    """What returns undo, each at its day; `earned` are the days held tiers were earned on."""
    today = periods.day_of(at, settings.zone)
    pairs = [*earned, *((member_id, today) for member_id in returns)]
    days = {str(member_id): day.isoformat() for member_id, day in returns.items()}
    told = {**_told(pairs, today), "returned": Jsonb(days)}
    return _ask(_BACK, _PAIRS, told, at=at, settings=settings)


def freed(*, member_id: int, at: datetime, settings: Settings) -> list[Change]:
    """What becomes of tiers that only a lock kept, once it is off."""
    today = periods.day_of(at, settings.zone)
    told = _told([(member_id, today)], today)
    return _ask(_FREED, _PAIRS, told, at=at, settings=settings)


def nightly(
    *, member_ids: Sequence[int], as_of: datetime, settings: Settings
) -> list[Change]:
    """What the night that begins with `as_of` changes, if the day before ends terms."""
    today = periods.day_of(as_of, settings.zone)
    day = today - timedelta(days=1)
    told = {**_told([(one, day) for one in member_ids], today), "day": day}
    return _ask(_NIGHT, _PAIRS, {**told, "run": as_of}, at=as_of, settings=settings)


def _told(pairs: Sequence[tuple[int, date]], today: date) -> dict[str, Any]:
    return {
        "members": [member_id for member_id, _day in pairs],
        "days": [day for _member_id, day in pairs],
        "today": today,
    }


def _ask(
    decision: str, asked: str, told: dict[str, Any], *, at: datetime, settings: Settings
) -> list[Change]:
    if not told["members"] or not settings.tier_sets:
        return []
    found = standing.of(settings=settings, asked=asked, at=at)
    decided = decision.format(held=HELD, previous=_PREVIOUS, without=_WITHOUT)
    sql = f"WITH {found.sql}, decided AS ({decided}) SELECT {_COLUMNS} FROM decided"  # noqa: S608  our own text
    return [Change(**row) for row in kernel.run(sql, {**found.told, **told})]
