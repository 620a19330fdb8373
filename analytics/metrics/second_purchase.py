"""D15: how long until the second purchase day, with those still waiting counted in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import dimensions, state
from analytics.metrics.base import Metric, Question, Reading, Value
from analytics.metrics.enums import Span, Unit


def waits(q: Question, *, observed_to: date) -> ir.Table:
    """This counts the buyers by days waited and whether they bought again."""
    first = state.buyers(q.facts)
    first = first.select("member_id", day=first.first_on)
    first = dimensions.within(first, q.period)
    o = q.facts.orders
    o = o.filter(~o.is_refund, o.day <= q.period.end)
    later = o.select(of_member=o.member_id, later_on=o.day)
    again = first.inner_join(
        later, [first.member_id == later.of_member, first.day < later.later_on]
    )
    second = again.group_by("of_member").agg(second_on=again.later_on.min())
    joined = first.left_join(second, first.member_id == second.of_member)
    until = ibis.coalesce(joined.second_on, ibis.literal(observed_to))
    timed = joined.select(
        days=until.delta(joined.day, unit="day"), bought=joined.second_on.notnull()
    )
    return timed.group_by("days", "bought").agg(members=timed.count())


def read(q: Question) -> Reading:
    within = q.facts.orders.filter(q.facts.orders.day <= q.period.end)
    last = state.one(within.agg(last=within.day.max()))["last"]
    if last is None:
        return Reading(value=None, n=0)
    found = state.rows(waits(q, observed_to=last))
    rows = tuple(_curve(found))
    median = next((row["day"] for row in rows if row["value"] <= 0.5), None)
    n = sum(row["members"] for row in found)
    return Reading(
        value=rows[-1]["value"] if rows else None,
        n=n,
        rows=rows,
        extra={
            "bought_again": sum(row["members"] for row in found if row["bought"]),
            "median_days": median,
            "observed_to": last.isoformat(),
        },
    )


def _curve(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """This is the Kaplan-Meier estimate for every day up to the longest wait."""
    bought: Counter[int] = Counter()
    left: Counter[int] = Counter()
    for row in found:
        left[row["days"]] += row["members"]
        if row["bought"]:
            bought[row["days"]] += row["members"]
    at_risk, waiting = sum(left.values()), 1.0
    for day in range(max(left, default=-1) + 1):
        if bought[day]:
            waiting *= 1 - bought[day] / at_risk
        share: Value = waiting
        yield {
            "day": day,
            "value": share,
            "bought": 1 - waiting,
            "at_risk": at_risk,
            "events": bought[day],
        }
        at_risk -= left[day]


METRICS = (
    Metric(
        name="second_purchase",
        version=1,
        title=_("Time to the second purchase"),
        words=_(
            "Kaplan-Meier estimate of the days from the first to the second purchase "
            "day: the share still without a second one, day by day (bought is the rest), "
            "censored at the last day with data. With a period: buyers whose first order "
            "lies in it."
        ),
        formula="S(t) = prod(1 - d_i / n_i) over t_i <= t",
        source=("orders",),
        unit=Unit.RATE,
        base=_("members with one order or more"),
        span=Span.HISTORY,
        read=read,
    ),
)
