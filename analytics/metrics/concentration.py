"""D14: how unevenly spend is spread over buyers."""

from __future__ import annotations

from fractions import Fraction

import ibis
from django.utils.translation import gettext_lazy as _

from analytics.metrics import dimensions, rules, state
from analytics.metrics.base import Metric, Question, Reading
from analytics.metrics.enums import Span, Unit


def read(q: Question) -> Reading:
    o = state.of_members(q.facts, dimensions.within(q.facts.orders, q.period))
    spent = o.group_by("member_id").agg(
        spend=o.is_refund.ifelse(-o.amount, o.amount).sum().cast("int64"),
        orders=o.count(where=~o.is_refund),
    )
    spent = spent.filter(spent.orders > 0)
    place = ibis.row_number().over(order_by=[spent.spend, spent.member_id])
    ranked = spent.mutate(place=place + 1, buyers=spent.count().over())
    top = (ranked.buyers - ranked.place) * rules.HIGH_SHARE.denominator < ranked.buyers
    # The weighted sum outgrows 64 bits at a million members.
    weighted = ranked.place.cast("decimal(38,0)") * ranked.spend
    sums = state.one(
        ranked.agg(
            n=ranked.count(),
            total=ranked.spend.sum().fill_null(0).cast("int64"),
            top=ranked.spend.sum(where=top).fill_null(0).cast("int64"),
            weighted=weighted.sum(),
        )
    )
    n, total = sums["n"], sums["total"]
    if not n or total <= 0:
        return Reading(value=None, n=n, extra={"gini": None, "top20_share": None})
    gini = float(2 * Fraction(sums["weighted"]) / (n * total) - Fraction(n + 1, n))
    found = {"gini": gini, "top20_share": sums["top"] / total}
    return Reading(value=gini, n=n, rows=({**found, "value": gini},), extra=found)


METRICS = (
    Metric(
        name="spend_concentration",
        version=1,
        title=_("Concentration of spend"),
        words=_(
            "Gini coefficient of net spend over the buyers of the period, 0 where all "
            "spend alike; top20_share is the share of the 20 % (rounded up) who spend "
            "most."
        ),
        formula="2 sum(i x_i) / (n sum(x)) - (n + 1) / n",
        source=("orders",),
        unit=Unit.NUMBER,
        base=_("members with an order in the period"),
        span=Span.HISTORY,
        read=read,
    ),
)
