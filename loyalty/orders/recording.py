"""A new order and what every order leaves behind, written by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.orders.models import Order, OrderLine
from loyalty.points import kernel

# Nothing but the order is written if its number was used before: all else hangs on `made`.
# Marks and days are those of `marks.mark`.
_WRITE = """
WITH made AS (
    INSERT INTO loyalty_order (source, external_id, member_id, kind, placed_at, day,
        amount_minor, margin_minor, currency, channel, store_id, tender_points, tender_minor,
        content_hash, created_at, updated_at)
    VALUES (%(source)s, %(external_id)s, %(member)s, 'order', %(placed_at)s, %(day)s,
        %(amount)s, %(margin)s, %(currency)s, %(channel)s, %(store)s, %(tender_points)s,
        %(tender)s, %(hash)s, %(at)s, %(at)s)
    ON CONFLICT (source, external_id) DO NOTHING RETURNING id, member_id, placed_at, day
), lines AS (
    INSERT INTO loyalty_orderline (order_id, line_no, line_id, goods, sku, category, quantity,
        amount_minor, tender_minor, margin_minor)
    SELECT made.id, l.* FROM made, jsonb_to_recordset(%(lines)s) AS l (line_no int,
           line_id text, goods boolean, sku text, category text, quantity numeric,
           amount bigint, tender bigint, margin bigint)
    RETURNING id, line_no
), member_marked AS (
    INSERT INTO members_changedmember (member_id) SELECT member_id FROM made
), month_marked AS (
    INSERT INTO loyalty_changedmonth (month) SELECT date_trunc('month', day) FROM made
), days AS (
    UPDATE members_member m
       SET first_order_at = least(m.first_order_at, made.placed_at),
           last_order_at = greatest(m.last_order_at, made.placed_at)
      FROM made WHERE m.id = made.member_id
)
SELECT made.id, (SELECT array_agg(id ORDER BY line_no) FROM lines) AS lines,
       order_awaited(%(source)s, %(external_id)s) AS awaited
  FROM made
"""


@dataclass(frozen=True, kw_only=True)
class Written:
    """`awaited`: refunds came before the order and wait for it."""

    awaited: bool


def write(order: Order, lines: Sequence[OrderLine]) -> Written | None:
    """Write an order and its lines and give them their ids; None: the source has used
    the number, and nothing was written."""
    rows = kernel.run_prepared(_WRITE, _told(order, lines))
    if not rows:
        return None
    (row,) = rows
    order.pk = row["id"]
    for line, pk in zip(lines, row["lines"], strict=True):
        line.pk = pk
    return Written(awaited=row["awaited"])


def _told(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    return {
        "source": order.source,
        "external_id": order.external_id,
        "member": order.member_id,
        "placed_at": order.placed_at,
        "day": order.day,
        "amount": order.amount_minor,
        "margin": order.margin_minor,
        "currency": order.currency,
        "channel": order.channel,
        "store": order.store_id,
        "tender_points": order.tender_points,
        "tender": order.tender_minor,
        "hash": order.content_hash,
        "at": order.created_at,
        "lines": Jsonb([_line(one) for one in lines]),
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "line_id": line.line_id,
        "goods": line.goods,
        "sku": line.sku,
        "category": line.category,
        "quantity": None if line.quantity is None else str(line.quantity),
        "amount": line.amount_minor,
        "tender": line.tender_minor,
        "margin": line.margin_minor,
    }
