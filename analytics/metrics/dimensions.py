"""Orders cut by a dimension: calendar, place, goods, or what the member is today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import ibis
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import lifecycle, tiers
from analytics.metrics.base import Period, Question, Value
from analytics.metrics.enums import Stage, ValueTier

CALENDAR = {"month": "M", "quarter": "Q", "year": "Y"}
PLACES = ("channel", "store")
LABELS = {"stage": tuple(Stage.values), "value_tier": tuple(ValueTier.values)}
ORDER_DIMENSIONS = (*CALENDAR, "channel", "category", "store", *LABELS)


def within(table: ir.Table, period: Period) -> ir.Table:
    """This keeps the days of the period, both included."""
    table = table.filter(table.day <= period.end)
    return table if period.start is None else table.filter(table.day >= period.start)


def documents(q: Question) -> ir.Table:
    """This is the period's orders and refunds with their `cell` of the dimension.

    By category there is one row a line instead, and orders without lines stand in
    the cell without a name, so that the cells add up to the whole.
    """
    if q.by == "category":
        return _lines(q)
    table = within(q.facts.orders, q.period)
    if q.by in CALENDAR:
        return table.mutate(cell=table.day.truncate(CALENDAR[q.by]))
    if q.by in PLACES:
        return table.mutate(cell=table[q.by])
    if q.by in LABELS:
        labels = labelled(q.facts, q.by)
        joined = table.left_join(labels, table.member_id == labels.of_member)
        return joined.mutate(cell=joined.label).drop("of_member", "label")
    return table.mutate(cell=ibis.null("string"))


def _lines(q: Question) -> ir.Table:
    names = ("order_id", "member_id", "day", "is_refund", "amount")
    lines = within(q.facts.lines, q.period)
    orders = within(q.facts.orders, q.period)
    bare = orders.anti_join(lines, "order_id")
    return lines.select(*names, cell=lines.category).union(
        bare.select(*names, cell=ibis.null("string"))
    )


def labelled(facts: Facts, by: str) -> ir.Table:
    """This is `of_member` and the `label` each holds at the end of the day."""
    if by == "stage":
        table = lifecycle.staged(
            facts,
            churn_days=facts.settings.churn_days,
            loyal_orders=facts.settings.loyal_orders,
        )
        return table.select(of_member=table.member_id, label=table.stage)
    table = tiers.tiered(facts)
    return table.select(of_member=table.member_id, label=table.value_tier)


def shown(by: str, cell: Any) -> Value:
    """This names a cell: 1997-01, 1997-Q1, 1997, or the word itself."""
    if isinstance(cell, date):
        quarter = (cell.month + 2) // 3
        names = {
            "month": f"{cell:%Y-%m}",
            "quarter": f"{cell.year}-Q{quarter}",
            "year": f"{cell.year}",
        }
        return names[by]
    return cell if cell is None else str(cell)


def in_order(by: str, found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """This sorts rows by their cell; enumerations in their own order, none last."""
    places = {word: place for place, word in enumerate(LABELS.get(by, ()))}

    def place(row: dict[str, Any]) -> tuple[bool, Any]:
        cell = row["cell"]
        return cell is None, places.get(cell, cell) if cell is not None else 0

    return sorted(found, key=place)
