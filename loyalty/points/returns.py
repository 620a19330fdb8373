"""Taking back what was given, giving back what was taken: exact, once, and by policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.points import errors, kernel, rules
from loyalty.points.enums import TransferKind
from loyalty.points.models import Transfer
from loyalty.points.postings import Posted
from members.programme.rules import Settings

# Orders, holds and gifts are undone where they were made.
_UNDOABLE = {
    TransferKind.EVENT,
    TransferKind.ADJUST,
    TransferKind.REDEEM,
}


@dataclass(frozen=True, kw_only=True)
class Reversed:
    """What a reversal did: points taken, owed as debt, given up as uncollected."""

    taken: int
    owed: int
    uncollected: int
    replayed: bool


def reverse(
    *,
    earning: Transfer,
    points: int,
    reference: str,
    at: datetime,
    now: datetime,
    settings: Settings,
    parts: Mapping[str, int] | None = None,
    reason: str = "",
    actor: str = "",
) -> Reversed:
    """Take back points that `earning` gave, by the clawback policy of `settings`.

    First its own points (pending, available, even expired), then other available ones,
    then debt or the uncollected account. `parts` says which lines gave how many.
    """
    row = kernel.call(
        "points_reverse",
        earning=earning.pk,
        points=points,
        parts=None if parts is None else Jsonb(dict(parts)),
        policy=settings.clawback,
        reference=reference,
        digest=kernel.digest({"earning": earning.pk, "points": points}),
        at=at,
        now=now,
        reason=reason,
        actor=actor,
    )
    return Reversed(
        taken=row["taken"],
        owed=row["owed"],
        uncollected=row["uncollected"],
        replayed=row["replayed"],
    )


def restore(
    *,
    redemption: Transfer,
    points: int,
    reference: str,
    at: datetime,
    now: datetime,
    settings: Settings,
    reason: str = "",
    actor: str = "",
) -> Posted:
    """Give back points of a redemption to their own lots, with their own dates.

    Points of a lot that has ended meanwhile come back for a grace of some days.
    """
    row = kernel.call(
        "points_restore",
        redemption=redemption.pk,
        points=points,
        reference=reference,
        digest=kernel.digest({"redemption": redemption.pk, "points": points}),
        at=at,
        now=now,
        grace_until=rules.grace_until(at=at, settings=settings),
        reason=reason,
        actor=actor,
    )
    return Posted(transfer_id=row["transfer_id"], replayed=row["replayed"])


def undo(
    *, entry: Transfer, reason: str, actor: str, now: datetime, settings: Settings
) -> None:
    """Post the opposite of an entry, once. Raises `CannotUndo` for what has its own way."""
    if not can_undo(kind=entry.kind, reference=entry.reference):
        raise errors.CannotUndo()
    told: dict[str, Any] = {
        "points": entry.points,
        "reference": f"undo:{entry.pk}",
        "at": now,
        "now": now,
        "settings": settings,
        "reason": reason,
        "actor": actor,
    }
    gave = (
        entry.kind in (TransferKind.EARN, TransferKind.EVENT)
        or entry.credit_account.member_id is not None
    )
    if gave:
        reverse(earning=entry, **told)
    else:
        restore(redemption=entry, **told)


def undo_references(entry_id: int) -> list[str]:
    """Names under which the opposite of an entry is posted; either may be there."""
    return [f"undo:{entry_id}", f"undo:{entry_id}:uncollected"]


def can_undo(*, kind: str, reference: str) -> bool:
    """Say if an entry is of those that `undo` takes."""
    return kind in _UNDOABLE and not reference.startswith(("order:", "tender:"))


def activate(*, earning: Transfer, at: datetime, now: datetime) -> int:
    """Make pending points of an earning available; returns how many there were."""
    row = kernel.call("points_activate", transfer=earning.pk, at=at, now=now)
    return int(row["points_activate"])
