"""The books as JSON: every answer of the API about points is put together here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from loyalty.points import sources
from loyalty.points.entries import FullEntry, Taken
from loyalty.points.enums import HoldState
from loyalty.points.models import Hold, Lot
from loyalty.points.queries import Entry
from loyalty.points.rules import Balance, LotView


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def maybe(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


def balance(found: Balance, *, qualifying: int, currency: str) -> dict[str, Any]:
    known = sources.of([lot.reference for lot in found.lots])
    return {
        "currency": currency,
        "balance": found.balance,
        "available": found.available,
        "pending": found.pending,
        "held": found.held,
        "debt": found.debt,
        "qualifying": qualifying,
        "expiring": [
            {"on": one.on.isoformat(), "points": one.points} for one in found.expiring
        ],
        "lots": [_lot(lot, known) for lot in found.lots],
    }


def _lot(lot: LotView, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "id": lot.id,
        "points": lot.points,
        "remaining": lot.remaining,
        "held": lot.held,
        "earned_at": moment(lot.earned_at),
        "available_at": maybe(lot.available_at),
        "expires_at": maybe(lot.expires_at),
        "source": source(lot.kind, lot.reference, lot.version, known),
    }


def source(
    kind: str,
    reference: str,
    version: int | None,
    known: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "kind": kind,
        "reference": sources.told(reference),
        "version": version,
        **known.get(reference, {}),
    }


def entry(found: Entry, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A line of the statement."""
    return {
        **_common(found),
        "running": found.running,
        "source": dict(known.get(found.reference, {})),
    }


def full_entry(found: FullEntry) -> dict[str, Any]:
    """An entry by itself, with the lots it made or took from."""
    return {**_common(found), "currency": found.currency, "lots": found.lots}


def _common(found: Entry | FullEntry) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "points": found.points,
        "reference": sources.told(found.reference),
        "occurred_at": moment(found.occurred_at),
        "posted_at": moment(found.posted_at),
        "version": found.version,
        "reason": found.reason,
        "actor": found.actor,
        "reverses": found.reverses_id,
        "parts": None if found.parts is None else dict(found.parts),
    }


def hold(found: Hold, *, at: datetime) -> dict[str, Any]:
    over = found.state == HoldState.OPEN and found.expires_at <= at
    state = HoldState.EXPIRED if over else HoldState(found.state)
    resolved = found.expires_at if over else found.resolved_at
    lots = sorted(found.allocations.all(), key=lambda one: one.pk)
    return {
        "id": found.pk,
        "currency": found.account.currency,
        "points": found.points,
        "captured": found.captured,
        "state": state.value,
        "reference": found.reference,
        "placed_at": moment(found.placed_at),
        "expires_at": moment(found.expires_at),
        "resolved_at": maybe(resolved),
        "lots": [{"id": one.lot_id, "points": one.points} for one in lots],
    }


def explained_lot(
    found: Lot,
    *,
    made_by: FullEntry | None,
    taken: list[Taken],
    rule: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """From a lot back to what gave it by which rule, and on to what it was spent for."""
    transfer = found.transfer
    known = sources.of([transfer.reference, *(one.reference for one in taken)])
    return {
        "id": found.pk,
        "points": found.points,
        "remaining": found.remaining,
        "earned_at": moment(found.earned_at),
        "available_at": maybe(found.available_at),
        "expires_at": maybe(found.expires_at),
        "origin": found.origin_id,
        "source": source(transfer.kind, transfer.reference, transfer.version, known),
        "entry": None if made_by is None else full_entry(made_by),
        "programme": rule,
        "taken": [
            {
                "entry": one.entry,
                "kind": one.kind,
                "points": one.points,
                "occurred_at": moment(one.occurred_at),
                "posted_at": moment(one.posted_at),
                "reference": sources.told(one.reference),
            }
            for one in taken
        ],
    }
