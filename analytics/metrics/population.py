"""How many members there are, and of which kind."""

from __future__ import annotations

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import dimensions, state
from analytics.metrics.base import Metric, Question, Reading
from analytics.metrics.enums import Additivity, Span, Unit

ALL = "all"


def known(q: Question) -> ir.Table:
    """This is the state of the members who came to be known in the period."""
    table = state.member_state(q.facts)
    table = table.filter(table.known_on <= q.period.end)
    if q.period.start is not None:
        table = table.filter(table.known_on >= q.period.start)
    return table


def _celled(q: Question) -> ir.Table:
    table = known(q)
    if q.by in dimensions.CALENDAR:
        cell = table.known_on.truncate(dimensions.CALENDAR[q.by])
        return table.mutate(cell=cell)
    if q.by in dimensions.LABELS:
        labels = dimensions.labelled(q.facts, q.by)
        joined = table.left_join(labels, table.member_id == labels.of_member)
        return joined.mutate(cell=joined.label)
    if q.by == "category":
        return _by_category(q, table)
    column = {"channel": "acquisition_channel", "store": "store"}.get(q.by or "")
    return table.mutate(cell=table[column] if column else ibis.null("string"))


def _by_category(q: Question, table: ir.Table) -> ir.Table:
    lines = q.facts.lines
    bought = lines.filter(~lines.is_refund)
    pairs = bought.select(of_member=bought.member_id, cell=bought.category).distinct()
    return table.inner_join(pairs, table.member_id == pairs.of_member)


def read(q: Question) -> Reading:
    whole = known(q)
    counts = state.one(
        whole.agg(members=whole.count(), buyers=whole.count(where=whole.orders > 0))
    )
    rows = []
    if q.by is not None:
        table = _celled(q)
        found = state.rows(table.group_by("cell").agg(members=table.count()))
        for row in dimensions.in_order(q.by, found):
            cell = {q.by: dimensions.shown(q.by, row["cell"])}
            rows.append({**cell, "value": row["members"], "members": row["members"]})
    n = counts["members"]
    return Reading(value=n, n=n, rows=tuple(rows), extra={"buyers": counts["buyers"]})


def behind(q: Question, cell: str) -> ir.Table:
    """This takes the one cell there is without a dimension: all."""
    if q.by is not None or cell != ALL:
        raise ValueError(cell)
    return known(q)


METRICS = (
    Metric(
        name="members",
        version=1,
        title=_("Members"),
        words=_(
            "Members known at the day: from the day they joined, or from their first "
            "order or refund. By month, quarter or year: those who came to be known in "
            "it; by channel and store: acquisition channel and home store; by category: "
            "those who bought it, so a member may stand in several cells."
        ),
        formula="count(members)",
        source=("members", "orders"),
        unit=Unit.COUNT,
        base=_("members known at the end of the day"),
        span=Span.HISTORY,
        additivity=Additivity.ADDITIVE,
        dimensions=dimensions.ORDER_DIMENSIONS,
        read=read,
        behind=behind,
    ),
)
