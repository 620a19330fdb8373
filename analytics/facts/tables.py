"""The three fact tables every metric is written on, and the cut at a day and a scope."""

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
SCHEMAS = {"orders": ORDERS, "lines": LINES, "members": MEMBERS}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was known at the end of the day `as_of`, within one scope.

    Only `facts_at` makes one, so no metric can look ahead of the day or out of the
    scope. `state` is the member state where somebody has computed it already.
    """

    orders: ir.Table
    lines: ir.Table
    members: ir.Table
    as_of: date
    settings: Settings
    state: ir.Table | None = None


def facts_at(
    *,
    orders: ir.Table,
    lines: ir.Table,
    members: ir.Table,
    as_of: date,
    settings: Settings,
    scope: frozenset[str] | None = None,
) -> Facts:
    """This cuts the tables at a day and to the stores of `scope` (None: all).

    Orders and lines are those of the stores, members those whose home they are.
    """
    orders = orders.filter(orders.day <= as_of)
    lines = lines.filter(lines.day <= as_of)
    if scope is not None:
        codes = sorted(scope)
        orders = _of_stores(orders, codes)
        members = _of_stores(members, codes)
        lines = lines.semi_join(orders, "order_id")
    return Facts(
        orders=orders, lines=lines, members=members, as_of=as_of, settings=settings
    )


def _of_stores(table: ir.Table, codes: list[str]) -> ir.Table:
    # Staff whose stores were all closed see nothing, which `IN ()` cannot say.
    return table.filter(table.store.isin(codes) if codes else ibis.literal(False))
