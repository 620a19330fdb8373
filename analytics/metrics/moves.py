"""Who changed stage between two days: D5 asked twice, one row a member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.facts.tables import facts_at
from analytics.metrics import lifecycle, state
from analytics.metrics.base import Metric, Param, Question, Reading
from analytics.metrics.enums import Additivity, Span, Stage, Unit

# Where members stood who were not known yet at the start.
ENTERED = "entered"
SOURCES = (ENTERED, *Stage.values)


def moved(q: Question) -> ir.Table:
    """This is one row for each member known at B: stage then (`source`) and now."""
    if q.period.start is None:
        raise ValueError("a move from A to B has a start")
    facts = q.facts
    limits = {name: q.params[name] for name in ("churn_days", "loyal_orders")}
    cut = {"orders": facts.orders, "lines": facts.lines, "members": facts.members}
    before, after = (
        lifecycle.staged(
            facts_at(**cut, as_of=day, settings=facts.settings), **limits
        ).select("member_id", "stage")
        for day in (q.period.start, q.period.end)
    )
    before = before.rename(of_member="member_id", source="stage")
    joined = after.left_join(before, after.member_id == before.of_member)
    return joined.select(
        "member_id", source=joined.source.fill_null(ENTERED), target=joined.stage
    )


def read(q: Question) -> Reading:
    table = moved(q)
    found = state.rows(table.group_by("source", "target").agg(members=table.count()))
    members = {(row["source"], row["target"]): row["members"] for row in found}
    n = sum(members.values())
    stayed = sum(members.get((stage, stage), 0) for stage in Stage.values)
    known = sum(n for (source, _target), n in members.items() if source != ENTERED)
    rows = tuple(
        {
            "from_stage": source,
            "to_stage": target,
            "value": members.get((source, target), 0),
            "members": members.get((source, target), 0),
        }
        for source in SOURCES
        for target in Stage.values
    )
    extra = {"moved": known - stayed, "stayed": stayed, "entered": n - known}
    return Reading(value=known - stayed, n=n, rows=rows, extra=extra)


def behind(q: Question, cell: str) -> ir.Table:
    """This takes a cell as `first,loyal`: the stage then and the stage now."""
    source, _comma, target = cell.partition(",")
    if source not in SOURCES or target not in Stage.values:
        raise ValueError(cell)
    table = moved(q)
    return table.filter(table.source == source, table.target == target)


DAYS = Param(
    name="days",
    words=_("days from A to B, where no period is given"),
    kind="whole",
    default=lambda settings: settings.active_days,
    least=1,
)

METRICS = (
    Metric(
        name="lifecycle_moves",
        version=1,
        title=_("Life-cycle moves"),
        words=_(
            "Each member known at B by the stage at A and the stage at B; members who "
            "were not known at A have entered. The cells sum to all members; the value "
            "is those who changed stage."
        ),
        formula="count(members) by stage(A), stage(B)",
        source=("orders", "members"),
        unit=Unit.COUNT,
        base=_("members known at the end of the period"),
        span=Span.CHANGE,
        additivity=Additivity.ADDITIVE,
        dimensions=("stages",),
        default_dimension="stages",
        params=(DAYS, *lifecycle.PARAMS),
        read=read,
        behind=behind,
    ),
)
