"""The member state: one row a member, absolute facts, one pass over the orders."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Any

import ibis
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import rules

ZEROES = (
    "orders",
    "refunds",
    "gross",
    "refunded",
    "orders_12m",
    "gross_12m",
    "refunded_12m",
)


def totals(facts: Facts) -> ir.Table:
    """This is one row for each member with an order or a refund."""
    o = facts.orders
    bought = ~o.is_refund
    recent = o.day >= rules.twelve_months_from(facts.as_of)
    return o.group_by("member_id").agg(
        orders=o.count(where=bought),
        refunds=o.count(where=o.is_refund),
        gross=o.amount.sum(where=bought).cast("int64"),
        refunded=o.amount.sum(where=o.is_refund).cast("int64"),
        first_on=o.day.min(where=bought),
        last_on=o.day.max(where=bought),
        seen_on=o.day.min(),
        orders_12m=o.count(where=bought & recent),
        gross_12m=o.amount.sum(where=bought & recent).cast("int64"),
        refunded_12m=o.amount.sum(where=o.is_refund & recent).cast("int64"),
    )


def member_state(facts: Facts) -> ir.Table:
    """This is one row for each member known at the day, those without orders too.

    A member is known from `joined_on`, or from an order or refund before it.
    """
    if facts.state is not None:
        return facts.state
    sums = totals(facts).rename(of_member="member_id")
    m = facts.members
    joined = m.left_join(sums, m.member_id == sums.of_member)
    known = joined.filter((joined.joined_on <= facts.as_of) | joined.seen_on.notnull())
    zeroed = known.mutate(**{name: known[name].fill_null(0) for name in ZEROES})
    return zeroed.mutate(
        spend=zeroed.gross - zeroed.refunded,
        spend_12m=zeroed.gross_12m - zeroed.refunded_12m,
        known_on=ibis.coalesce(
            ibis.least(zeroed.joined_on, zeroed.seen_on),
            zeroed.joined_on,
            zeroed.seen_on,
        ),
    ).drop("of_member")


def materialised(facts: Facts) -> Facts:
    """This computes the state once, for several metrics of the same question."""
    return replace(facts, state=kept(member_state(facts)))


def kept(table: ir.Table) -> ir.Table:
    """This is the result as a temporary table, gone with the engine's connection."""
    engine = table.get_backend()
    return engine.create_table(f"kept_{uuid.uuid4().hex}", table, temp=True)


def buyers(facts: Facts) -> ir.Table:
    """This is the state of members with one order or more."""
    state = member_state(facts)
    return state.filter(state.orders > 0)


def of_members(facts: Facts, table: ir.Table) -> ir.Table:
    """This keeps the rows of members in scope: staff count only whom they may see."""
    return table.semi_join(facts.members, "member_id")


def days_until(day: date, since: Any) -> Any:
    return ibis.literal(day).delta(since, unit="day")


def rows(table: ir.Table) -> list[dict[str, Any]]:
    """This runs the expression; the only place results leave the engine."""
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def one(table: ir.Table) -> dict[str, Any]:
    return rows(table)[0]
