"""Single entries, holds and lots with all that explains them. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.lib.db import prepared
from loyalty.points.models import Hold, Lot, Transfer

# A debit names the lots it took from, a credit the lots it made. LIMIT keeps the planner from
# merging with the index of all accounts, which it takes for short: looked up are two.
_ENTRY = """
SELECT t.id, t.kind, t.reference, t.occurred_at, t.posted_at, t.version, t.reason, t.actor,
       t.reverses_id, t.parts, t.currency,
       CASE WHEN c.member_id = %(member)s THEN t.points ELSE -t.points END AS points,
       CASE WHEN c.member_id = %(member)s THEN (
            SELECT coalesce(json_agg(json_build_object('id', l.id, 'points', l.points)
                            ORDER BY l.id), '[]')
              FROM loyalty_lot l WHERE l.transfer_id = t.id AND l.account_id = c.id)
       ELSE (
            SELECT coalesce(json_agg(json_build_object('id', x.lot_id, 'points', x.points)
                            ORDER BY x.id), '[]')
              FROM loyalty_allocation x WHERE x.transfer_id = t.id)
       END AS lots
  FROM loyalty_transfer t
 CROSS JOIN LATERAL (
       SELECT id, member_id FROM loyalty_account WHERE id = t.credit_account_id LIMIT 1) c
 CROSS JOIN LATERAL (
       SELECT id, member_id FROM loyalty_account WHERE id = t.debit_account_id LIMIT 1) d
 WHERE {chosen} AND (c.member_id = %(member)s OR d.member_id = %(member)s)
"""

_TAKEN = """
SELECT x.points, x.occurred_at, x.posted_at, t.id AS entry, t.kind, t.reference
  FROM loyalty_allocation x JOIN loyalty_transfer t ON t.id = x.transfer_id
 WHERE x.lot_id = %(lot)s ORDER BY x.occurred_at, x.id
"""


@dataclass(frozen=True, kw_only=True)
class FullEntry:
    """An entry from the member's side, with its lots; nothing of it ever changes."""

    id: int
    kind: str
    reference: str
    points: int
    currency: str
    occurred_at: datetime
    posted_at: datetime
    version: int | None
    reason: str
    actor: str
    reverses_id: int | None
    parts: dict[str, int] | None
    lots: list[dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Points of a lot that an entry took, below zero gave back."""

    entry: int
    kind: str
    reference: str
    points: int
    occurred_at: datetime
    posted_at: datetime


def entry(*, member_id: int, transfer_id: int) -> FullEntry | None:
    """One entry of a member, in one query; None: it is not theirs."""
    return _first("t.id = %(id)s", {"member": member_id, "id": transfer_id})


def entry_of(*, member_id: int, references: list[str]) -> FullEntry | None:
    """The first entry a member has under one of these references."""
    told = {"member": member_id, "references": references}
    return _first("t.reference = ANY (%(references)s::text[])", told)


def transfer_of(*, member_id: int, transfer_id: int) -> Transfer | None:
    """An entry to act upon, if it is the member's."""
    found = (
        Transfer.objects.select_related("credit_account", "debit_account")
        .filter(pk=transfer_id)
        .first()
    )
    if found is None:
        return None
    owners = (found.credit_account.member_id, found.debit_account.member_id)
    return found if member_id in owners else None


def hold(*, hold_id: int) -> Hold | None:
    return (
        Hold.objects.select_related("account")
        .prefetch_related("allocations")
        .filter(pk=hold_id)
        .first()
    )


def lot(*, member_id: int, lot_id: int) -> Lot | None:
    return (
        Lot.objects.select_related("transfer", "account")
        .filter(pk=lot_id, account__member_id=member_id)
        .first()
    )


def taken_from(*, lot_id: int) -> list[Taken]:
    return [Taken(**row) for row in _rows(_TAKEN, {"lot": lot_id})]


def _first(chosen: str, told: dict[str, Any]) -> FullEntry | None:
    rows = _rows(_ENTRY.format(chosen=chosen) + " ORDER BY t.id LIMIT 1", told)
    return FullEntry(**rows[0]) if rows else None


def _rows(sql: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reads are refused nothing, so they need no savepoint around them."""
    with prepared() as cursor:
        cursor.execute(sql, told)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
