"""How the lines of an order stand: what they cost, earned, and what has come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db.models import F, Sum

from loyalty.orders.models import Order, OrderLine
from loyalty.orders.shares import Held
from loyalty.points import rules as points
from loyalty.points.enums import TransferKind
from loyalty.points.models import Transfer


def held(*, order: Order, earned: Transfer | None) -> dict[int, Held]:
    """The lines as they stand; an order without lines is one line, number 0."""
    lines = list(OrderLine.objects.filter(order=order).order_by("line_no"))
    rest = order.amount_minor - sum(line.amount_minor for line in lines)
    if not lines or rest > 0:
        tender = order.tender_minor - sum(line.tender_minor for line in lines)
        told = {"line_no": 0, "amount_minor": rest, "tender_minor": tender}
        lines.insert(0, OrderLine(order=order, **told))
    paid_back = _came_back(order, "amount_minor", lines)
    tender_back = _came_back(order, "tender_minor", lines)
    pieces = _pieces_back(order, lines)
    granted = _granted(earned)
    earned_back = _taken_back(earned, granted)
    return {
        line.line_no: Held(
            line_no=line.line_no,
            line_id=line.line_id,
            quantity=line.quantity,
            paid=line.amount_minor,
            tender=line.tender_minor,
            earned=granted.get(line.line_no, 0),
            paid_back=paid_back[line.line_no],
            tender_back=tender_back[line.line_no],
            earned_back=earned_back.get(line.line_no, 0),
            pieces_back=pieces[line.line_no][0],
            pieces_minor=pieces[line.line_no][1],
        )
        for line in lines
    }


def _granted(earned: Transfer | None) -> dict[int, int]:
    if earned is None:
        return {}
    return {int(line): given for line, given in (earned.parts or {}).items()}


def _taken_back(earned: Transfer | None, granted: Mapping[int, int]) -> dict[int, int]:
    """Points taken back of each line; what a file took of the whole order is spread."""
    if earned is None:
        return {}
    found = dict.fromkeys(granted, 0)
    loose = 0
    reversals = Transfer.objects.filter(
        reverses=earned, kind__in=(TransferKind.REVERSE, TransferKind.UNCOLLECTED)
    )
    for taken, parts in reversals.values_list("points", "parts"):
        loose += taken
        for line, share in (parts or {}).items():
            found[int(line)] += share
            loose -= share
    left = {line: given - found[line] for line, given in granted.items()}
    spread = points.split(loose, left)
    return {line: found[line] + spread[line] for line in granted}


def _came_back(order: Order, field: str, lines: Sequence[OrderLine]) -> dict[int, int]:
    """What came back of each line, in money or in points' worth.

    A refund of a file numbers its lines by itself: what names no line of the order is
    spread, and so is what a line no longer holds since a file corrected it.
    """
    totals: dict[int, int] = {line.line_no: getattr(line, field) for line in lines}
    refunds = Order.objects.filter(refund_of=order)
    whole = refunds.aggregate(minor=Sum(field))["minor"] or 0
    rows = OrderLine.objects.filter(order__refund_of=order)
    found = dict.fromkeys(totals, 0)
    for row in rows.values("line_no", "sku", "category").annotate(minor=Sum(field)):
        line_no = _meant(lines, row["line_no"], (row["sku"], row["category"]))
        if line_no is not None:
            back = found[line_no] + row["minor"]
            found[line_no] = min(back, totals[line_no])
    left = {line_no: minor - found[line_no] for line_no, minor in totals.items()}
    spread = points.split(whole - sum(found.values()), left)
    return {line_no: found[line_no] + spread[line_no] for line_no in totals}


def _pieces_back(
    order: Order, lines: Sequence[OrderLine]
) -> dict[int, tuple[Decimal, int]]:
    """How many pieces of each line came back, and what they cost."""
    found = {line.line_no: (Decimal(0), 0) for line in lines}
    rows = OrderLine.objects.filter(order__refund_of=order, quantity__isnull=False)
    for row in rows.values("line_no", "sku", "category").annotate(
        pieces=Sum("quantity"),
        minor=Sum(F("amount_minor") + F("tender_minor")),
    ):
        line_no = _meant(lines, row["line_no"], (row["sku"], row["category"]))
        if line_no is not None:
            pieces, minor = found[line_no]
            found[line_no] = (pieces + row["pieces"], minor + row["minor"])
    return found


def _meant(
    lines: Sequence[OrderLine], line_no: int, name: tuple[str, str]
) -> int | None:
    """The line of an order a line of a refund speaks of: by number and name, or by name."""
    same = [line.line_no for line in lines if (line.sku, line.category) == name]
    if line_no in same:
        return line_no
    return same[0] if len(same) == 1 and any(name) else None
