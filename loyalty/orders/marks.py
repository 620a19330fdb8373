"""What every write of an order leaves behind: word for the values, a line in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max, Min

from loyalty.orders.enums import OrderKind
from loyalty.orders.models import ChangedMonth, Order
from members.access.models import User
from members.audit import services as audit
from members.profiles.models import ChangedMember, Member


def mark(order: Order) -> None:
    """Leave word that the member and the month changed."""
    ChangedMember.objects.create(member_id=order.member_id)
    ChangedMonth.objects.create(month=order.day.replace(day=1))
    if order.kind == OrderKind.ORDER:
        refresh_member_days(member_ids=[order.member_id])


def audit_order(order: Order, *, by: User | None, at: datetime) -> None:
    audit.record(
        actor=by,
        action=f"orders.{order.kind}",
        target=f"Order:{order.pk}",
        details={"source": order.source},
        at=at,
    )


def refresh_member_days(*, member_ids: Iterable[int]) -> None:
    """Set first and last order of members anew from their orders."""
    for member_id in sorted(set(member_ids)):
        found = Order.objects.filter(member_id=member_id).orders()
        days = found.aggregate(first=Min("placed_at"), last=Max("placed_at"))
        Member.objects.filter(pk=member_id).update(
            first_order_at=days["first"], last_order_at=days["last"]
        )
