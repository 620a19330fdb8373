"""D2: monthly cohorts by first order, and how many of each bought k months later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import dimensions, rules, state
from analytics.metrics.base import Metric, Question, Reading, Value
from analytics.metrics.enums import Span, Unit


def cohorts(q: Question) -> ir.Table:
    """This is the buyers whose first order lies in the period, with their `cohort`."""
    table = state.buyers(q.facts)
    table = table.mutate(day=table.first_on)
    table = dimensions.within(table, q.period)
    return table.mutate(cohort=table.first_on.truncate("M"))


def activity(q: Question) -> ir.Table:
    """This is one row a member, cohort and month `k` in which the member bought."""
    orders = q.facts.orders
    orders = orders.filter(~orders.is_refund, orders.day <= q.period.end)
    months = orders.select(
        of_member=orders.member_id, month=orders.day.truncate("M")
    ).distinct()
    members = cohorts(q).select("member_id", "cohort")
    joined = members.inner_join(months, members.member_id == months.of_member)
    k = (joined.month.year() - joined.cohort.year()) * 12 + (
        joined.month.month() - joined.cohort.month()
    )
    return joined.select("member_id", "cohort", k=k.cast("int64"))


def read(q: Question) -> Reading:
    table = activity(q)
    found = state.rows(table.group_by("cohort", "k").agg(active=table.count()))
    active = {(row["cohort"], row["k"]): row["active"] for row in found}
    sizes = {cohort: count for (cohort, k), count in active.items() if k == 0}
    rows = tuple(_rows(active, sizes, last=q.period.end))
    followed = [row for row in rows if row["k"] == 1]
    kept = sum(row["active"] for row in followed)
    base = sum(row["size"] for row in followed)
    return Reading(
        value=rules.rate(kept, base),
        numerator=kept,
        denominator=base,
        n=sum(sizes.values()),
        rows=rows,
    )


def _rows(
    active: dict[tuple[date, int], int], sizes: dict[date, int], *, last: date
) -> Iterator[dict[str, Any]]:
    for cohort, size in sorted(sizes.items()):
        for k in range(rules.months_between(cohort, last) + 1):
            count = active.get((cohort, k), 0)
            share: Value = rules.rate(count, size)
            yield {
                "cohort": f"{cohort:%Y-%m}",
                "size": size,
                "k": k,
                "active": count,
                "rate": share,
                "value": share,
            }


def behind(q: Question, cell: str) -> ir.Table:
    """This takes a cell as `1997-01,3`: the cohort and k."""
    cohort, _comma, k = cell.partition(",")
    table = activity(q)
    first = date.fromisoformat(f"{cohort}-01")
    return table.filter(table.cohort == first, table.k == int(k))


METRICS = (
    Metric(
        name="cohort_retention",
        version=1,
        title=_("Cohort retention"),
        words=_(
            "Cohort: the calendar month of the first order. Retention in month k: "
            "members of the cohort with an order in the k-th calendar month after it, "
            "divided by the size of the cohort; month 0 is 1. The value is that of "
            "month 1 over all cohorts that have reached it; the month of the day itself "
            "may not be over."
        ),
        formula="active(cohort, k) / size(cohort)",
        source=("orders",),
        unit=Unit.RATE,
        base=_("members by the month of their first order"),
        span=Span.HISTORY,
        read=read,
        behind=behind,
    ),
)
