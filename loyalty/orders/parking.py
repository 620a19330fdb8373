"""Refunds that come before their order wait for it; none is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef

from config.lib.errors import DomainError
from loyalty.orders import refunds
from loyalty.orders.errors import ExternalIdConflict
from loyalty.orders.models import Order, ParkedRefund
from loyalty.orders.refunds import Told, Wanted
from members.access.models import User


@transaction.atomic
def park(
    *, source: str, order_external_id: str, told: Told, at: datetime
) -> ParkedRefund | None:
    """Keep a refund until its order comes; None: it has come, nothing was kept.

    Raises `ExternalIdConflict`.
    """
    # An order that is being written in this moment is waited for.
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_key_lock(%s, %s)", [source, order_external_id])
    if Order.objects.filter(source=source, external_id=order_external_id).exists():
        return None
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


def sweep(*, at: datetime) -> int:
    """Apply refunds whose order has come without anybody noticing; returns how many
    orders there were. A file's orders may be written in the moment a refund is kept."""
    waiting = ParkedRefund.objects.filter(
        applied_at__isnull=True,
        refused="",
        source=OuterRef("source"),
        order_external_id=OuterRef("external_id"),
    )
    found = Order.objects.filter(Exists(waiting)).values_list("pk", flat=True)
    return apply_all(order_ids=list(found), actor="", at=at)


def apply_all(*, order_ids: Sequence[int], actor: str, at: datetime) -> int:
    """Apply what waited for these orders, each in a transaction of its own."""
    found = list(Order.objects.filter(pk__in=order_ids).order_by("pk"))
    for order in found:
        with transaction.atomic():
            apply(order=order, by=None, actor=actor, at=at)
    return len(found)


def apply(*, order: Order, by: User | None, actor: str, at: datetime) -> None:
    """Apply what waited for an order, in the order it happened.

    A refund the order refuses stays, with the refusal's code, for somebody to look at.
    """
    waiting = ParkedRefund.objects.select_for_update().filter(
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
