"""D14: how each month stands to the mean month."""

from __future__ import annotations

from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from analytics.metrics import dimensions, rules, state
from analytics.metrics.base import Metric, Question, Reading
from analytics.metrics.enums import Span, Unit


def read(q: Question) -> Reading:
    table = dimensions.within(q.facts.orders, q.period)
    signed = table.is_refund.ifelse(-table.amount, table.amount)
    found = state.rows(
        table.mutate(month=table.day.truncate("M"), signed=signed)
        .group_by("month")
        .agg(amount=lambda t: t.signed.sum().cast("int64"))
    )
    amounts = {row["month"]: row["amount"] for row in found}
    if not amounts:
        return Reading(value=None, n=0)
    first, last = min(amounts), max(amounts)
    # A month without sales is a month: it counts in the mean.
    months = [
        rules.month_after(first, k)
        for k in range(rules.months_between(first, last) + 1)
    ]
    mean = Fraction(sum(amounts.values()), len(months))
    exponent = q.facts.settings.exponent
    rows = tuple(
        {
            "month": f"{month:%Y-%m}",
            "amount": rules.money(amounts.get(month, 0), exponent=exponent),
            "value": float(amounts.get(month, 0) / mean) if mean > 0 else None,
        }
        for month in months
    )
    return Reading(
        value=float(max(amounts.values()) / mean) if mean > 0 else None,
        n=len(months),
        rows=rows,
        extra={
            "mean": rules.money(mean, exponent=exponent),
            "enough_months": len(months) >= rules.SEASON_MONTHS,
        },
    )


METRICS = (
    Metric(
        name="season_index",
        version=1,
        title=_("Season index"),
        words=_(
            "Net value of a month divided by that of the mean month, from the first to "
            "the last month with data. The value is that of the strongest month. Seasons "
            "may be spoken of from 24 months of data on."
        ),
        formula="amount(month) / mean(amount)",
        source=("orders",),
        grain="month",
        unit=Unit.INDEX,
        base=_("months of the period"),
        span=Span.HISTORY,
        read=read,
    ),
)
