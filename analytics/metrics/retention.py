"""D6: who was active at the start of a period, who at its end, who came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.metrics import rules, state
from analytics.metrics.base import Metric, Param, Question, Reading
from analytics.metrics.enums import Span, Unit

Counts = Mapping[str, int]


def activity(q: Question) -> ir.Table:
    """This is one row a buyer: active at A, at B, and new in (A, B].

    Active with n days: an order in (D - n, D].
    """
    if q.period.start is None:
        raise ValueError("a period (A, B] has a start")
    span = timedelta(days=q.params["days"])
    first_day, last_day = q.period.start, q.period.end
    o = state.of_members(q.facts, q.facts.orders)
    o = o.filter(~o.is_refund, o.day <= last_day)
    seen = o.group_by("member_id").agg(
        at_start=o.count(where=(o.day > first_day - span) & (o.day <= first_day)),
        at_end=o.count(where=o.day > last_day - span),
        first_on=o.day.min(),
    )
    return seen.select(
        "member_id",
        at_start=seen.at_start > 0,
        at_end=seen.at_end > 0,
        is_new=seen.first_on > first_day,
    )


def counts(q: Question) -> Counts:
    t = activity(q)
    return state.one(
        t.agg(**{cell: t.count(where=is_in) for cell, is_in in _cells(t).items()})
    )


def _cells(t: ir.Table) -> dict[str, ir.BooleanValue]:
    return {
        "start": t.at_start,
        "end": t.at_end,
        "new": t.is_new,
        "kept": t.at_start & t.at_end,
        "lost": t.at_start & ~t.at_end,
        "came_back": t.at_end & ~t.at_start & ~t.is_new,
    }


def behind(q: Question, cell: str) -> ir.Table:
    """This takes a cell by the name of its count: start, end, new, kept and so on."""
    t = activity(q)
    cells = _cells(t)
    if cell not in cells:
        raise ValueError(cell)
    return t.filter(cells[cell])


def _retention(c: Counts) -> tuple[Fraction | None, int]:
    return rules.ratio(c["kept"], c["start"]), c["kept"]


def _churn(c: Counts) -> tuple[Fraction | None, int]:
    return rules.churn_rate(lost=c["lost"], start=c["start"]), c["lost"]


def _crr(c: Counts) -> tuple[Fraction | None, int]:
    share = rules.crr(start=c["start"], new=c["new"], end=c["end"])
    return share, c["end"] - c["new"]


def _read(
    q: Question, reckon: Callable[[Counts], tuple[Fraction | None, int]]
) -> Reading:
    found = counts(q)
    share, numerator = reckon(found)
    return Reading(
        value=None if share is None else float(share),
        numerator=numerator,
        denominator=found["start"],
        n=found["start"],
        extra=dict(found),
    )


DAYS = Param(
    name="days",
    words=_("days within which an order makes a member active"),
    kind="whole",
    default=lambda settings: settings.active_days,
    least=1,
)


def _metric(
    name: str,
    reckon: Callable[[Counts], tuple[Fraction | None, int]],
    **entry: Any,
) -> Metric:
    return Metric(
        name=name,
        version=1,
        source=("orders",),
        unit=Unit.RATE,
        base=_("members active at the start of the period"),
        span=Span.CHANGE,
        params=(DAYS,),
        read=lambda q: _read(q, reckon),
        behind=behind,
        **entry,
    )


METRICS = (
    _metric(
        "retention_rate",
        _retention,
        title=_("Retention rate"),
        words=_(
            "Of the members active at A, the share also active at B. Active: an order "
            "within the last `days` days."
        ),
        formula="|S and E| / |S|",
    ),
    _metric(
        "churn_rate",
        _churn,
        title=_("Churn rate"),
        words=_(
            "Of the members active at A, the share no longer active at B; with the "
            "retention rate of the same period it makes 1."
        ),
        formula="1 - |S and E| / |S|",
    ),
    _metric(
        "crr",
        _crr,
        title=_("Customer retention rate (articles)"),
        words=_(
            "The articles' formula: active at B less new customers of (A, B], over "
            "active at A. It counts those who came back (active at B, not at A, not "
            "new) as kept and can pass 1; came_back says how many they are."
        ),
        formula="(|E| - |New|) / |S|",
    ),
)
