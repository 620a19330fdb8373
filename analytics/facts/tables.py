"""The fact tables every metric is written on, and the cut at a day and a scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
from ibis.expr import types as ir

from members.programme.rules import Settings

# Exact integers only: money in minor units, local days. `joined_on` is the day a member
# counts from; `id_key` is the order in which "ties by id ascending" is meant.
ORDERS = ibis.schema(
    {
        "order_id": "int64",
        "member_id": "int64",
        "day": "date",
        "is_refund": "boolean",
        "amount": "int64",
        "margin": "int64",
        "channel": "string",
        "store": "string",
    }
)
LINES = ibis.schema(
    {
        "order_id": "int64",
        "member_id": "int64",
        "day": "date",
        "is_refund": "boolean",
        "category": "string",
        "sku": "string",
        "quantity": "float64",
        "amount": "int64",
        "margin": "int64",
    }
)
MEMBERS = ibis.schema(
    {
        "member_id": "int64",
        "external_id": "string",
        "id_key": "string",
        "joined_on": "date",
        "store": "string",
        "acquisition_channel": "string",
    }
)
# What moved points of lots, a row a day, cohort, end, source and kind of move; signed as
# members see it. `price` is what was paid for what earned them, in minor units, `value`
# what a point was worth, in millionths of the currency.
POINTS = ibis.schema(
    {
        "currency": "string",
        "day": "date",
        "cohort": "date",
        "expires_in": "date",
        "source": "string",
        "move": "string",
        "pending": "boolean",
        "points": "int64",
        "entries": "int64",
        "price": "int64",
        "value": "int64",
    }
)
SCHEMAS = {"orders": ORDERS, "lines": LINES, "members": MEMBERS, "points": POINTS}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was known at the end of the day `as_of`, within one scope.

    Only `facts_at` makes one, so no metric can look ahead of the day or out of the
    scope. `state` is the member state where somebody has computed it already, `points`
    the moves of points, which are the whole programme's: there are none in a scope.
    """

    orders: ir.Table
    lines: ir.Table
    members: ir.Table
    as_of: date
    settings: Settings
    points: ir.Table | None = None
    state: ir.Table | None = None


def facts_at(
    *,
    orders: ir.Table,
    lines: ir.Table,
    members: ir.Table,
    as_of: date,
    settings: Settings,
    points: ir.Table | None = None,
    scope: frozenset[str] | None = None,
) -> Facts:
    """This cuts the tables at a day and to the stores of `scope` (None: all).

    Orders and lines are those of the stores, members those whose home they are.
    """
    orders = orders.filter(orders.day <= as_of)
    lines = lines.filter(lines.day <= as_of)
    if points is not None:
        points = points.filter(
            points.day <= as_of if scope is None else ibis.literal(False)
        )
    if scope is not None:
        codes = sorted(scope)
        orders = _of_stores(orders, codes)
        members = _of_stores(members, codes)
        lines = lines.semi_join(orders, "order_id")
    return Facts(
        orders=orders,
        lines=lines,
        members=members,
        points=points,
        as_of=as_of,
        settings=settings,
    )


def _of_stores(table: ir.Table, codes: list[str]) -> ir.Table:
    # Staff whose stores were all closed see nothing, which `IN ()` cannot say.
    return table.filter(table.store.isin(codes) if codes else ibis.literal(False))
