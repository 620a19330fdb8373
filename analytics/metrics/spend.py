"""Orders and money of a period: orders, spend, aov, frequency, refunds, variety."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import dimensions, rules, state
from analytics.metrics.base import Metric, Question, Reading, Value
from analytics.metrics.enums import Additivity, Span, Unit

Sums = Mapping[str, Any]
Fields = dict[str, Value]


def sums(table: ir.Table, *, distinct: bool) -> dict[str, Any]:
    """This is what every metric here is made of; `distinct` where rows are lines."""
    bought = ~table.is_refund

    def count(where: ir.BooleanValue) -> ir.IntegerScalar:
        if distinct:
            return table.order_id.nunique(where=where)
        return table.count(where=where)

    return {
        "gross": table.amount.sum(where=bought).fill_null(0).cast("int64"),
        "refunded": table.amount.sum(where=table.is_refund).fill_null(0).cast("int64"),
        "orders": count(bought),
        "refund_count": count(table.is_refund),
        "members": table.member_id.nunique(where=bought),
    }


def _read(q: Question, fields: Callable[[Sums, int], Fields], n: str) -> Reading:
    """This reads the whole and, if asked, the cells, with the same fields for both."""
    exponent = q.facts.settings.exponent
    table = dimensions.documents(q)
    aggregates = sums(table, distinct=q.by == "category")
    whole_table = dimensions.within(q.facts.orders, q.period)
    whole = state.one(whole_table.agg(**sums(whole_table, distinct=False)))
    rows = []
    if q.by is not None:
        found = state.rows(table.group_by("cell").agg(**aggregates))
        for row in dimensions.in_order(q.by, found):
            cell = {q.by: dimensions.shown(q.by, row["cell"])}
            rows.append({**cell, **_row(fields(row, exponent), row)})
    top = fields(whole, exponent)
    head = {name: top.pop(name, None) for name in ("value", "numerator", "denominator")}
    return Reading(**head, n=whole[n], rows=tuple(rows), extra=top)


def _row(fields: Fields, row: Sums) -> Fields:
    return {**fields, "orders": row["orders"], "members": row["members"]}


def _spend(row: Sums, exponent: int) -> Fields:
    return {
        "value": rules.money(row["gross"] - row["refunded"], exponent=exponent),
        "gross": rules.money(row["gross"], exponent=exponent),
        "refunds": rules.money(row["refunded"], exponent=exponent),
    }


def _orders(row: Sums, exponent: int) -> Fields:
    return {"value": row["orders"]}


def _aov(row: Sums, exponent: int) -> Fields:
    net = row["gross"] - row["refunded"]
    mean = rules.ratio(net, row["orders"])
    return {
        "value": None if mean is None else rules.money(mean, exponent=exponent),
        "numerator": rules.money(net, exponent=exponent),
        "denominator": row["orders"],
    }


def _frequency(row: Sums, exponent: int) -> Fields:
    return {
        "value": rules.rate(row["orders"], row["members"]),
        "numerator": row["orders"],
        "denominator": row["members"],
    }


def _refund_rate(row: Sums, exponent: int) -> Fields:
    return {
        "value": rules.rate(row["refunded"], row["gross"]),
        "numerator": rules.money(row["refunded"], exponent=exponent),
        "denominator": rules.money(row["gross"], exponent=exponent),
        "order_refund_rate": rules.rate(row["refund_count"], row["orders"]),
        "refund_count": row["refund_count"],
    }


def _order_refund_rate(row: Sums, exponent: int) -> Fields:
    return {
        "value": rules.rate(row["refund_count"], row["orders"]),
        "numerator": row["refund_count"],
        "denominator": row["orders"],
    }


def _variety(q: Question) -> Reading:
    """This counts pairs of member and category once: distinct is never summed."""
    by_cell = _categories(q, by=q.by)
    whole = state.one(_mean_categories(_categories(q, by=None)))
    rows: list[dict[str, Value]] = []
    if q.by is not None:
        grouped = by_cell.group_by("cell")
        found = state.rows(_mean_categories(by_cell, grouped))
        rows.extend(
            {
                q.by: dimensions.shown(q.by, row["cell"]),
                "value": rules.rate(row["pairs"], row["members"]),
                "numerator": row["pairs"],
                "members": row["members"],
            }
            for row in dimensions.in_order(q.by, found)
        )
    return Reading(
        value=rules.rate(whole["pairs"], whole["members"]),
        numerator=whole["pairs"],
        denominator=whole["members"],
        n=whole["members"],
        rows=tuple(rows),
    )


def _categories(q: Question, *, by: str | None) -> ir.Table:
    lines = dimensions.within(q.facts.lines, q.period)
    lines = lines.filter(~lines.is_refund, lines.category.notnull())
    lines = lines.select("order_id", "member_id", "category")
    if by == "category":
        keyed = lines.mutate(cell=lines.category)
    elif by is None:
        keyed = lines.mutate(cell=ibis.null("string"))
    else:
        cells = dimensions.documents(q).select("order_id", "cell")
        cells = cells.rename(of_order="order_id")
        keyed = lines.inner_join(cells, lines.order_id == cells.of_order)
    return keyed.select("cell", "member_id", "category").distinct()


def _mean_categories(pairs: ir.Table, grouped: Any = None) -> ir.Table:
    return (pairs if grouped is None else grouped).agg(
        pairs=pairs.count(), members=pairs.member_id.nunique()
    )


def _metric(
    fields: Callable[[Sums, int], Fields], n: str = "orders", **entry: Any
) -> Metric:
    return Metric(
        version=1,
        source=entry.pop("source", ("orders",)),
        grain="order",
        dimensions=dimensions.ORDER_DIMENSIONS,
        read=lambda q: _read(q, fields, n),
        **entry,
    )


METRICS = (
    _metric(
        _orders,
        name="orders",
        title=_("Orders"),
        words=_("Orders of the period; refunds are not orders."),
        formula="count(orders)",
        unit=Unit.COUNT,
        base=_("orders of the period"),
        span=Span.HISTORY,
        additivity=Additivity.ADDITIVE,
    ),
    _metric(
        _spend,
        name="spend",
        title=_("Spend"),
        words=_(
            "Net value of the period: orders less refunds, each refund at its own "
            "date. Gross and refunds stand beside it."
        ),
        formula="sum(orders) - sum(refunds)",
        unit=Unit.MONEY,
        base=_("orders of the period"),
        span=Span.HISTORY,
        additivity=Additivity.ADDITIVE,
    ),
    _metric(
        _aov,
        name="aov",
        title=_("Average order value"),
        words=_("Net value of the period divided by its orders, not by its buyers."),
        formula="(sum(orders) - sum(refunds)) / count(orders)",
        unit=Unit.MONEY,
        base=_("orders of the period"),
        span=Span.HISTORY,
    ),
    _metric(
        _frequency,
        n="members",
        name="purchase_frequency",
        title=_("Purchase frequency"),
        words=_(
            "Orders divided by buyers of the period, without a period the twelve "
            "months ending with the day. The articles' frequency of repurchase."
        ),
        formula="count(orders) / count(buyers)",
        unit=Unit.NUMBER,
        base=_("members with an order in the period"),
        span=Span.YEAR,
    ),
    _metric(
        _refund_rate,
        name="refund_rate",
        title=_("Refund rate"),
        words=_(
            "Refunded value divided by the gross value of the period, each at its own "
            "date. order_refund_rate beside it counts refunds per order."
        ),
        formula="sum(refunds) / sum(orders)",
        unit=Unit.RATE,
        base=_("gross value of the period's orders"),
        span=Span.HISTORY,
    ),
    _metric(
        _order_refund_rate,
        name="order_refund_rate",
        title=_("Refunds per order"),
        words=_(
            "Number of refunds divided by the number of orders of the period; a credit "
            "note that names no order counts too."
        ),
        formula="count(refunds) / count(orders)",
        unit=Unit.RATE,
        base=_("orders of the period"),
        span=Span.HISTORY,
    ),
    Metric(
        name="category_variety",
        version=1,
        title=_("Category variety"),
        words=_(
            "Distinct categories a buyer bought in the period, on average over the "
            "buyers whose orders name a category; refunds do not count."
        ),
        formula="count(distinct member, category) / count(distinct member)",
        source=("lines",),
        grain="order line",
        unit=Unit.NUMBER,
        base=_("members with a categorised line in the period"),
        span=Span.HISTORY,
        dimensions=dimensions.ORDER_DIMENSIONS,
        read=_variety,
    ),
)
