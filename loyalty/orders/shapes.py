"""Orders as the API tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from loyalty.orders import earning, rules
from loyalty.orders.enums import OrderKind
from loyalty.orders.models import Order, OrderLine
from loyalty.orders.refunds import Refunded
from loyalty.orders.services import Recorded
from loyalty.points.models import Debt, Transfer
from loyalty.points.shapes import maybe, moment


def order(order_id: int) -> dict[str, Any]:
    """An order with its lines, grants and refunds, in a fixed number of queries."""
    found = Order.objects.select_related("store").get(pk=order_id)
    earned = earning.earning_of(order_id=found.pk, revision=found.revision)
    exponent = int(get_currency_precision(found.currency))
    return _order(
        found,
        lines=OrderLine.objects.filter(order=found).order_by("line_no"),
        points=earned.points if earned else 0,
        granted=(earned.parts or {}) if earned else {},
        refunds=_refunds(found, exponent),
    )


def recorded(done: Recorded) -> dict[str, Any]:
    """What `order` says of one just recorded, without reading back what is known."""
    if done.lines is None:
        return order(done.order.pk)
    return _order(
        done.order,
        lines=done.lines,
        points=done.points_awarded,
        granted=done.parts or {},
        refunds=[],
    )


def _order(
    found: Order,
    *,
    lines: Iterable[OrderLine],
    points: int,
    granted: Mapping[str, int],
    refunds: list[dict[str, Any]],
) -> dict[str, Any]:
    exponent = int(get_currency_precision(found.currency))
    return {
        "id": found.pk,
        "external_id": found.external_id,
        "source": found.source,
        "member": found.member_id,
        "placed_at": moment(found.placed_at),
        "currency": found.currency,
        "channel": found.channel,
        "store": found.store.code if found.store else None,
        "total": money(found.amount_minor + found.tender_minor, exponent),
        "payable": money(found.amount_minor, exponent),
        "points_redeemed": found.tender_points,
        "points_awarded": points,
        "discounts": [],
        "delivered_at": maybe(found.delivered_at),
        "cancelled_at": maybe(found.cancelled_at),
        "lines": [_line(one, granted, exponent) for one in lines],
        "refunds": refunds,
    }


def refunded(done: Refunded, *, exponent: int) -> dict[str, Any]:
    return _refund(
        done.refund,
        exponent,
        reversed_points=done.points_reversed,
        debt=done.debt,
    )


def money(minor: int, exponent: int) -> str:
    return str(Decimal(minor).scaleb(-exponent))


def _line(line: OrderLine, granted: Mapping[str, int], exponent: int) -> dict[str, Any]:
    return {
        "id": line.pk,
        "line": line.line_no,
        "line_id": line.line_id,
        "sku": line.sku,
        "category": line.category,
        "quantity": None
        if line.quantity is None
        else rules.plain_decimal(line.quantity),
        "goods": line.goods,
        "amount": money(line.amount_minor + line.tender_minor, exponent),
        "paid": money(line.amount_minor, exponent),
        "points_awarded": granted.get(str(line.line_no), 0),
    }


def _refunds(found: Order, exponent: int) -> list[dict[str, Any]]:
    rows = list(
        Order.objects.filter(refund_of=found, kind=OrderKind.REFUND).order_by("pk")
    )
    keys = {earning.refund_key(refund=row, order=found): row.pk for row in rows}
    taken = {
        keys[transfer.reference]: transfer
        for transfer in Transfer.objects.filter(reference__in=keys)
    }
    owed = _debts(transfer.pk for transfer in taken.values())
    return [
        _refund(
            row,
            exponent,
            reversed_points=taken[row.pk].points if row.pk in taken else 0,
            debt=owed.get(taken[row.pk].pk, 0) if row.pk in taken else 0,
        )
        for row in rows
    ]


def _debts(transfers: Iterable[int]) -> dict[int, int]:
    found = Debt.objects.filter(transfer_id__in=list(transfers))
    return {debt.pk: debt.points for debt in found}


def _refund(
    row: Order, exponent: int, *, reversed_points: int, debt: int
) -> dict[str, Any]:
    return {
        "id": row.pk,
        "external_id": row.external_id,
        "refunded_at": moment(row.placed_at),
        "refund_amount": money(row.amount_minor, exponent),
        "points_reversed": reversed_points,
        "points_restored": row.tender_points,
        "debt": debt,
    }
