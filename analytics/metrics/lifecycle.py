"""D5: five stages from lifetime orders and the days since the last."""

from __future__ import annotations

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import state
from analytics.metrics.base import Metric, Param, Question, Reading
from analytics.metrics.enums import Additivity, Span, Stage, Unit

# (churn_days, loyal_orders): the usual shop, fast-moving goods, considered purchases.
PRESETS = ((180, 4), (90, 3), (365, 5))


def staged(facts: Facts, *, churn_days: int, loyal_orders: int) -> ir.Table:
    """This is the member state with `stage`; recency equal to the limit is kept."""
    members = state.member_state(facts)
    recency = state.days_until(facts.as_of, members.last_on)
    return members.mutate(
        stage=ibis.cases(
            (members.orders == 0, Stage.PROSPECT.value),
            (recency > churn_days, Stage.CHURNED.value),
            (members.orders >= loyal_orders, Stage.LOYAL.value),
            (members.orders >= 2, Stage.REPEAT.value),
            else_=Stage.FIRST.value,
        )
    )


def _staged(q: Question) -> ir.Table:
    return staged(
        q.facts,
        churn_days=q.params["churn_days"],
        loyal_orders=q.params["loyal_orders"],
    )


def read(q: Question) -> Reading:
    table = _staged(q)
    counted = state.rows(table.group_by("stage").agg(members=table.count()))
    members = {row["stage"]: row["members"] for row in counted}
    n = sum(members.values())
    rows = tuple(
        {
            "stage": stage,
            "value": members.get(stage, 0),
            "members": members.get(stage, 0),
        }
        for stage in Stage.values
    )
    return Reading(value=n, n=n, rows=rows)


def behind(q: Question, cell: str) -> ir.Table:
    table = _staged(q)
    return table.filter(table.stage == cell)


PARAMS = (
    Param(
        name="churn_days",
        words=_("days without an order after which a buyer counts as churned"),
        kind="whole",
        default=lambda settings: settings.churn_days,
        least=1,
    ),
    Param(
        name="loyal_orders",
        words=_("orders from which a buyer counts as loyal"),
        kind="whole",
        default=lambda settings: settings.loyal_orders,
        least=2,
    ),
)

METRICS = (
    Metric(
        name="lifecycle",
        version=1,
        title=_("Life-cycle stages"),
        words=_(
            "Each member known at the day is in one stage, by lifetime orders up to it: "
            "prospect without an order; churned if the last order is more than "
            "churn_days ago (exactly so many is not churned); else loyal from "
            "loyal_orders on; else repeat from two orders on; else first."
        ),
        formula="stage(orders, as_of - last_on)",
        source=("orders", "members"),
        unit=Unit.COUNT,
        base=_("members known at the end of the day"),
        span=Span.POINT,
        additivity=Additivity.ADDITIVE,
        dimensions=("stage",),
        default_dimension="stage",
        params=PARAMS,
        read=read,
        behind=behind,
    ),
)
