"""Reads of the books, as of a moment and as known at a moment. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.points import kernel, rules
from loyalty.points.models import Account
from loyalty.points.rules import Balance, Lapsed, LotView, Owed
from members.programme.rules import Settings

# What is left now lies in caches: lots that hold points, holds that are open.
_LOTS_NOW = """
SELECT l.id, l.points, l.remaining, coalesce(h.held, 0)::bigint AS held, l.earned_at,
       l.available_at, l.expires_at, t.kind, t.reference, t.version
  FROM loyalty_lot l
  JOIN loyalty_transfer t ON t.id = l.transfer_id
  LEFT JOIN LATERAL (
       SELECT sum(x.points) AS held FROM loyalty_holdallocation x
         JOIN loyalty_hold h ON h.id = x.hold_id
        WHERE l.held > 0 AND x.lot_id = l.id AND h.state = 'open' AND h.expires_at > %(at)s
       ) h ON true
 WHERE l.account_id = %(account)s AND l.has_points
"""

# What was left then is what a lot began with less what was taken by then, as far as it
# had been posted.
_LOTS_THEN = """
SELECT l.id, l.points, (l.points - coalesce(x.taken, 0))::bigint AS remaining,
       coalesce(h.held, 0)::bigint AS held, l.earned_at, l.available_at, l.expires_at,
       t.kind, t.reference, t.version
  FROM loyalty_lot l
  JOIN loyalty_transfer t ON t.id = l.transfer_id
  LEFT JOIN LATERAL (
       SELECT sum(x.points) AS taken FROM loyalty_allocation x
        WHERE x.lot_id = l.id AND x.occurred_at <= %(at)s AND x.posted_at <= %(known)s
       ) x ON true
  LEFT JOIN LATERAL (
       SELECT sum(x.points) AS held FROM loyalty_holdallocation x
         JOIN loyalty_hold h ON h.id = x.hold_id
        WHERE x.lot_id = l.id AND h.placed_at <= least(%(at)s, %(known)s)
          AND h.expires_at > %(at)s
          AND (h.resolved_at IS NULL OR h.resolved_at > least(%(at)s, %(known)s))
       ) h ON true
 WHERE l.account_id = %(account)s
   AND t.occurred_at <= %(at)s AND t.posted_at <= %(known)s
"""

# Debts by their age, what is open of each.
_DEBTS_NOW = """
SELECT incurred_at, remaining AS points FROM loyalty_debt
 WHERE account_id = %(account)s AND remaining > 0
"""

_DEBTS_THEN = """
SELECT d.incurred_at, (t.points - coalesce(x.paid, 0))::bigint AS points
  FROM loyalty_debt d
  JOIN loyalty_transfer t ON t.id = d.transfer_id
  LEFT JOIN LATERAL (
       SELECT sum(x.points) AS paid FROM loyalty_allocation x
        WHERE x.transfer_id = t.id AND x.occurred_at <= %(at)s AND x.posted_at <= %(known)s
       ) x ON true
 WHERE d.account_id = %(account)s
   AND t.occurred_at <= %(at)s AND t.posted_at <= %(known)s
"""

# Holds whose time was over by then: their points may have paid a debt since.
_LAPSED = """
SELECT x.lot_id, h.expires_at AS at, x.points
  FROM loyalty_hold h JOIN loyalty_holdallocation x ON x.hold_id = h.id
 WHERE h.account_id = %(account)s AND h.placed_at <= %(known)s AND h.expires_at <= %(at)s
   AND h.state = ANY (%(states)s)
"""

_ENTRIES = """
SELECT * FROM (
    SELECT t.id, t.kind, t.reference, t.occurred_at, t.posted_at, t.version, t.reason,
           t.actor, t.reverses_id, t.parts,
           CASE WHEN t.credit_account_id = %(account)s THEN t.points ELSE -t.points END
               AS points,
           (sum(CASE WHEN t.credit_account_id = %(account)s THEN t.points ELSE -t.points END)
               OVER (ORDER BY t.occurred_at, t.id))::bigint AS running
      FROM loyalty_transfer t
     WHERE (t.credit_account_id = %(account)s OR t.debit_account_id = %(account)s)
       AND (%(at)s::timestamptz IS NULL OR t.occurred_at <= %(at)s)
       AND (%(known)s::timestamptz IS NULL OR t.posted_at <= %(known)s)
) entries
 WHERE %(before_at)s::timestamptz IS NULL
    OR (occurred_at, id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
 ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s
"""

# Points that orders gave in the twelve months to a moment, less what returns took back.
_QUALIFYING = """
SELECT (coalesce(sum(e.points), 0) - coalesce(sum(r.points), 0))::bigint AS points
  FROM loyalty_transfer e
  LEFT JOIN LATERAL (
       SELECT sum(t.points) AS points FROM loyalty_transfer t
        WHERE t.reverses_id = e.id AND t.kind IN ('reverse', 'uncollected')
          AND t.occurred_at <= %(at)s AND t.posted_at <= %(known)s) r ON true
 WHERE e.credit_account_id = %(account)s AND e.kind = 'earn'
   AND e.occurred_at > %(at)s - interval '12 months' AND e.occurred_at <= %(at)s
   AND e.posted_at <= %(known)s
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of a statement. `running` sums the lines up to it by when they happened."""

    id: int
    kind: str
    reference: str
    points: int
    running: int
    occurred_at: datetime
    posted_at: datetime
    version: int | None
    reason: str
    actor: str
    reverses_id: int | None
    parts: Mapping[str, int] | None


def account_of(*, member_id: int, currency: str) -> Account | None:
    """The member's account, or None before the first point."""
    return Account.objects.filter(member_id=member_id, currency=currency).first()


def balance(*, account: Account | None, at: datetime, settings: Settings) -> Balance:
    """What a member has now (`at` is the present): two queries, four if they owe."""
    if account is None:
        return rules.balance((), at=at, zone=settings.zone)
    told = {"account": account.pk, "at": at, "known": at, "states": ["open"]}
    owed = _owed(_DEBTS_NOW, told) if account.debt else []
    return rules.balance(
        _lots(_LOTS_NOW, told),
        owed=owed,
        lapsed=_lapsed(told) if owed else (),
        at=at,
        zone=settings.zone,
    )


def balance_then(
    *, account: Account | None, at: datetime, known_at: datetime, settings: Settings
) -> Balance:
    """What a member had at a moment, by what had been posted at `known_at`."""
    if account is None:
        return rules.balance((), at=at, zone=settings.zone)
    states = ["open", "expired"]
    told = {"account": account.pk, "at": at, "known": known_at, "states": states}
    owed = _owed(_DEBTS_THEN, told)
    return rules.balance(
        _lots(_LOTS_THEN, told),
        owed=owed,
        lapsed=_lapsed(told) if owed else (),
        at=at,
        zone=settings.zone,
    )


def qualifying(*, account: Account | None, at: datetime, known_at: datetime) -> int:
    """Points of orders in the twelve months to `at`, net of returns."""
    if account is None:
        return 0
    told = {"account": account.pk, "at": at, "known": known_at}
    return int(kernel.run(_QUALIFYING, told)[0]["points"])


def entries(
    *,
    account: Account | None,
    limit: int,
    at: datetime | None = None,
    known_at: datetime | None = None,
    before: tuple[datetime, int] | None = None,
) -> list[Entry]:
    """The statement, newest first; `before` is where the last page ended."""
    if account is None:
        return []
    before_at, before_id = before or (None, None)
    rows = kernel.run(
        _ENTRIES,
        {
            "account": account.pk,
            "at": at,
            "known": known_at,
            "before_at": before_at,
            "before_id": before_id,
            "limit": limit,
        },
    )
    return [Entry(**row) for row in rows]


def _lots(sql: str, told: Mapping[str, Any]) -> list[LotView]:
    return [LotView(**row) for row in kernel.run(sql, told)]


def _owed(sql: str, told: Mapping[str, Any]) -> list[Owed]:
    return [Owed(**row) for row in kernel.run(sql, told) if row["points"]]


def _lapsed(told: Mapping[str, Any]) -> list[Lapsed]:
    return [Lapsed(**row) for row in kernel.run(_LAPSED, told)]
