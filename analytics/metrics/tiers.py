"""D8: value tiers by net spend, the article's high, middle and low."""

from __future__ import annotations

from fractions import Fraction

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import rules, state
from analytics.metrics.base import Metric, Question, Reading
from analytics.metrics.enums import Additivity, Span, Unit, ValueTier


def tiered(facts: Facts) -> ir.Table:
    """This is the state of all buyers with `value_tier`, ties by id ascending."""
    table = state.buyers(facts)
    place = ibis.row_number().over(
        order_by=[table.spend.desc(), table.id_key, table.member_id]
    )
    ranked = table.mutate(place=place, buyers=table.count().over())
    # place counts from 0, so place < ceil(share x N) is place < share x N.
    return ranked.mutate(
        value_tier=ibis.cases(
            (_within(ranked, rules.HIGH_SHARE), ValueTier.HIGH.value),
            (_within(ranked, rules.MIDDLE_SHARE), ValueTier.MIDDLE.value),
            else_=ValueTier.LOW.value,
        )
    ).drop("place", "buyers")


def _within(ranked: ir.Table, share: Fraction) -> ir.BooleanValue:
    return ranked.place * share.denominator < ranked.buyers * share.numerator


def read(q: Question) -> Reading:
    table = tiered(q.facts)
    found = state.rows(
        table.group_by("value_tier").agg(
            members=table.count(),
            spend=table.spend.sum().cast("int64"),
            orders=table.orders.sum().cast("int64"),
            days=state.days_until(q.facts.as_of, table.first_on).sum().cast("int64"),
        )
    )
    by_tier = {row["value_tier"]: row for row in found}
    n = sum(row["members"] for row in found)
    exponent = q.facts.settings.exponent
    rows = []
    for tier in ValueTier.values if n else ():
        row = by_tier.get(tier, {"members": 0, "spend": 0, "orders": 0, "days": 0})
        rows.append(
            {
                "value_tier": tier,
                "value": row["members"],
                "members": row["members"],
                "spend": rules.money(row["spend"], exponent=exponent),
                "orders": row["orders"],
                "frequency": rules.rate(row["orders"] * rules.DAYS_A_YEAR, row["days"]),
            }
        )
    return Reading(value=n, n=n, rows=tuple(rows))


def behind(q: Question, cell: str) -> ir.Table:
    table = tiered(q.facts)
    return table.filter(table.value_tier == cell)


METRICS = (
    Metric(
        name="value_tiers",
        version=1,
        title=_("Value tiers"),
        words=_(
            "Buyers by net lifetime spend, highest first, ties by id: the first 20 % "
            "(rounded up) are high, up to 50 % (rounded up) middle, the rest low. "
            "Frequency is orders a year: orders over the sum of years since each "
            "member's first order, a year of 365 days."
        ),
        formula="high: place <= ceil(0.2 N); middle: place <= ceil(0.5 N); low: rest",
        source=("orders", "members"),
        unit=Unit.COUNT,
        base=_("members with one order or more"),
        span=Span.POINT,
        additivity=Additivity.ADDITIVE,
        dimensions=("value_tier",),
        default_dimension="value_tier",
        read=read,
        behind=behind,
    ),
)
