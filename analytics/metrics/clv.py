"""D7: the articles' customer lifetime value, as turnover and as margin."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from analytics.metrics import dimensions, rules, spend, state
from analytics.metrics.base import Metric, Param, Question, Reading, Value
from analytics.metrics.enums import Span, Unit

KINDS = ("turnover", "margin")


def margin_of(q: Question) -> Decimal:
    """This is the share of turnover to count: all of it unless margin is asked for."""
    if q.params["kind"] == "turnover":
        return Decimal(1)
    given = q.params["margin"]
    return q.facts.settings.clv_margin if given is None else Decimal(given)


def check(params: dict[str, Any]) -> dict[str, Any]:
    """This reads a margin without a kind as the kind margin."""
    margin = params["margin"]
    if params["kind"] is None:
        params["kind"] = "turnover" if margin is None else "margin"
    if params["kind"] == "turnover" and margin not in (None, 1):
        raise ValueError(_("turnover has no margin: leave it out or ask kind=margin"))
    return params


def _fields(q: Question, row: dict[str, Any]) -> dict[str, Value]:
    net, orders, members = row["gross"] - row["refunded"], row["orders"], row["members"]
    exponent = q.facts.settings.exponent
    if not orders:
        return {"value": None, "aov": None, "frequency": None}
    order_value = Fraction(net, orders)
    value = rules.clv(
        order_value=order_value,
        frequency=Fraction(orders, members),
        years=q.params["years"],
        margin=margin_of(q),
    )
    return {
        "value": rules.money(value, exponent=exponent),
        "aov": rules.money(order_value, exponent=exponent),
        "frequency": orders / members,
    }


def read(q: Question) -> Reading:
    whole_table = dimensions.within(q.facts.orders, q.period)
    whole = state.one(whole_table.agg(**spend.sums(whole_table, distinct=False)))
    top = _fields(q, whole)
    rows = []
    if q.by is not None:
        table = dimensions.documents(q)
        found = table.group_by("cell").agg(**spend.sums(table, distinct=False))
        for row in dimensions.in_order(q.by, state.rows(found)):
            cell = {q.by: dimensions.shown(q.by, row["cell"])}
            rows.append({**cell, **_fields(q, row), "members": row["members"]})
    extra: dict[str, Value] = {
        "aov": top["aov"],
        "frequency": top["frequency"],
        "years": str(q.params["years"]),
        "margin": str(margin_of(q)),
    }
    return Reading(
        value=top["value"], n=whole["members"], rows=tuple(rows), extra=extra
    )


METRICS = (
    Metric(
        name="clv",
        version=1,
        title=_("Customer lifetime value (articles)"),
        words=_(
            "Average order value (net) x orders per buyer of the twelve months x years: "
            "turnover. The kind margin multiplies by the margin, a share of turnover. "
            "Neither is a forecast."
        ),
        formula="aov x frequency x years (x margin)",
        source=("orders",),
        unit=Unit.MONEY,
        base=_("members with an order in the window"),
        span=Span.YEAR,
        dimensions=("value_tier", "stage", "channel", "store"),
        params=(
            Param(
                name="kind",
                words=_("turnover, or the margin of it"),
                kind="choice",
                choices=KINDS,
                default=lambda settings: None,
            ),
            Param(
                name="years",
                words=_("length of the customer's life in years"),
                kind="number",
                default=lambda settings: Decimal(settings.clv_years),
                most=100,
            ),
            Param(
                name="margin",
                words=_("margin as a share of turnover, between 0 and 1"),
                kind="number",
                default=lambda settings: None,
                most=1,
            ),
        ),
        read=read,
        check=check,
    ),
)
