"""D3: who bought again in a period, on four bases."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import rules, state
from analytics.metrics.base import Metric, Param, Question, Reading
from analytics.metrics.enums import Span, Unit

BASES = ("orders", "days", "returning", "all")
INSIDE = ("orders", "days")  # those that look at the period alone


def period_buyers(q: Question) -> ir.Table:
    """This is one row for each buyer up to the period's end, with counts of it.

    A basis that looks at the period alone leaves earlier buyers out.
    """
    o = state.of_members(q.facts, q.facts.orders)
    o = o.filter(~o.is_refund, o.day <= q.period.end)
    if q.period.start and q.params["basis"] in INSIDE:
        # What came before does not matter, so whole months are never read.
        o = o.filter(o.day >= q.period.start)
    inside = o.day >= q.period.start if q.period.start else o.order_id.notnull()
    return o.group_by("member_id").agg(
        orders=o.count(where=inside),
        days=o.day.nunique(where=inside),
        before=o.count(where=~inside),
    )


def read(q: Question) -> Reading:
    table = period_buyers(q)
    bought = table.orders > 0
    repeat: dict[str, Any] = {
        "orders": table.orders >= 2,
        "days": table.days >= 2,
        "returning": bought & (table.before > 0),
        "all": table.orders >= 2,
    }
    basis = q.params["basis"]
    counts = state.one(
        table.agg(
            repeat_buyers=table.count(where=repeat[basis]),
            buyers=table.count() if basis == "all" else table.count(where=bought),
        )
    )
    share = rules.repurchase_rate(**counts)
    return Reading(
        value=None if share is None else float(share),
        numerator=counts["repeat_buyers"],
        denominator=counts["buyers"],
        n=counts["buyers"],
    )


METRICS = (
    Metric(
        name="repurchase_rate",
        version=1,
        title=_("Repurchase rate"),
        words=_(
            "Share of customers who bought again in the period, both days included. "
            "orders: two orders or more, of those with one or more; days: the same with "
            "distinct days; returning: an order before the period, of the period's "
            "customers; all: two orders or more, of all who ever bought up to its end."
        ),
        formula="customers with >= 2 orders / customers with >= 1 order",
        source=("orders",),
        unit=Unit.RATE,
        base=_("members with an order in the period"),
        span=Span.HISTORY,
        params=(
            Param(
                name="basis",
                words=_("what counts as buying again, and of whom"),
                kind="choice",
                choices=BASES,
                default=lambda settings: "orders",
            ),
        ),
        read=read,
    ),
)
