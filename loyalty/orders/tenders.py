"""Points that paid a part of an order go back with the money that paid the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor

from django.db.models import Sum

from loyalty.orders import earning, shares
from loyalty.orders.models import Order
from loyalty.points import returns
from loyalty.points.enums import TransferKind
from loyalty.points.models import Transfer
from members.programme.rules import Settings


def points_due(order: Order, minor: int) -> int:
    """How many points go back with the next `minor` of what points paid; the last of it
    brings the rest."""
    before = Order.objects.filter(refund_of=order).aggregate(minor=Sum("tender_minor"))
    back = minor + (before["minor"] or 0)
    due = floor(shares.part(order.tender_points, back, order.tender_minor))
    return max(0, due - _given_back(order))


def give_back(
    row: Order, order: Order, *, settings: Settings, actor: str, now: datetime
) -> None:
    """Post what a refund says of points that paid, to the lots they came from."""
    tender = earning.tender_of(order=order)
    if tender is None or not row.tender_points:
        return
    returns.restore(
        redemption=tender,
        points=row.tender_points,
        reference=f"restore:{row.pk}",
        at=row.placed_at,
        now=now,
        settings=settings,
        actor=actor,
    )


def give_back_many(
    *, refund_ids: Sequence[int], settings: Settings, actor: str, now: datetime
) -> None:
    """The same for refunds of a file, which tells money alone: points go back in the
    proportion the money did. Only a till's orders are paid with points, so there are few.
    """
    rows = Order.objects.filter(
        pk__in=refund_ids, tender_points=0, refund_of__tender_points__gt=0
    )
    for row in rows.select_related("refund_of").order_by("placed_at", "pk"):
        order = row.refund_of
        assert order is not None  # noqa: S101  for the types: the filter says so
        back = Order.objects.filter(refund_of=order).aggregate(
            paid=Sum("amount_minor"), tender=Sum("tender_minor")
        )
        due = floor(shares.part(order.tender_minor, back["paid"], order.amount_minor))
        row.tender_minor = max(0, due - back["tender"])
        row.tender_points = points_due(order, row.tender_minor)
        row.save(update_fields=["tender_minor", "tender_points"])
        give_back(row, order, settings=settings, actor=actor, now=now)


def _given_back(order: Order) -> int:
    """By the books, not by the refunds: a file's refund may be undone, what it gave
    back stays."""
    restored = Transfer.objects.filter(
        reverses__reference=f"tender:{order.pk}", kind=TransferKind.RESTORE
    )
    return restored.aggregate(points=Sum("points"))["points"] or 0
