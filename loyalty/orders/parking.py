"""Refunds that come before their order wait for it; none is dropped."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from config.lib.errors import DomainError
from loyalty.orders import refunds
from loyalty.orders.errors import ExternalIdConflict
from loyalty.orders.models import Order, ParkedRefund
from loyalty.orders.refunds import Told, Wanted
from members.access.models import User


def park(
    *, source: str, order_external_id: str, told: Told, at: datetime
) -> ParkedRefund:
    """Keep a refund until its order comes. Raises `ExternalIdConflict`."""
    payload = _dump(told)
    try:
        with transaction.atomic():
            return ParkedRefund.objects.create(
                source=source,
                order_external_id=order_external_id,
                external_id=told.external_id,
                payload=payload,
                received_at=at,
            )
    except IntegrityError:
        met = ParkedRefund.objects.get(source=source, external_id=told.external_id)
    if (met.order_external_id, met.payload) != (order_external_id, payload):
        raise ExternalIdConflict(field="external_id")
    return met


def apply(*, order: Order, by: User | None, actor: str, at: datetime) -> None:
    """Apply what waited for an order, in the order it happened.

    A refund the order refuses stays, with the refusal's code, for somebody to look at.
    """
    waiting = ParkedRefund.objects.filter(
        source=order.source,
        order_external_id=order.external_id,
        applied_at__isnull=True,
    )
    for parked in sorted(waiting, key=lambda one: (one.payload["refunded_at"], one.pk)):
        try:
            with transaction.atomic():
                refunds.refund(
                    order_id=order.pk,
                    told=_load(parked),
                    by=by,
                    actor=actor,
                    at=at,
                )
        except DomainError as refusal:
            parked.refused = refusal.code
        else:
            parked.applied_at = at
        parked.save(update_fields=["applied_at", "refused"])


def _dump(told: Told) -> dict[str, Any]:
    return {
        "refunded_at": told.refunded_at.isoformat(),
        "amount_minor": told.amount_minor,
        "lines": [
            {
                "line": one.line,
                "amount_minor": one.amount_minor,
                "quantity": None if one.quantity is None else str(one.quantity),
            }
            for one in told.lines
        ],
    }


def _load(parked: ParkedRefund) -> Told:
    payload = parked.payload
    return Told(
        external_id=parked.external_id,
        refunded_at=datetime.fromisoformat(payload["refunded_at"]),
        amount_minor=payload["amount_minor"],
        lines=tuple(
            Wanted(
                line=line["line"],
                amount_minor=line["amount_minor"],
                quantity=None
                if line["quantity"] is None
                else Decimal(line["quantity"]),
            )
            for line in payload["lines"]
        ),
    )
