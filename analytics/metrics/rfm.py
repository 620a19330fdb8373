"""D4: recency, frequency, monetary, each scored 1 to 5 under one of three tie rules."""

from __future__ import annotations

from typing import Any

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import rules, state
from analytics.metrics.base import Metric, Param, Question, Reading
from analytics.metrics.enums import Additivity, Span, Unit
from members.programme.rules import RFM_RULES, RFM_WINDOWS

MEASURES = ("recency", "frequency", "monetary")
SCORES = {"r": "recency", "f": "frequency", "m": "monetary"}


def measured(facts: Facts, *, window: str) -> ir.Table:
    """This is the state of the window's buyers with the three measures."""
    table = state.buyers(facts)
    if window == "12m":
        table = table.filter(table.orders_12m > 0)
        frequency, monetary = table.orders_12m, table.spend_12m
    else:
        frequency, monetary = table.orders, table.spend
    return table.mutate(
        recency=state.days_until(facts.as_of, table.last_on),
        frequency=frequency,
        monetary=monetary,
    )


def scored(facts: Facts, *, window: str, rule: str) -> ir.Table:
    """This adds scores `r`, `f`, `m` (5 is best), `rf`, as "55", and `cell`, as "555"."""
    table = measured(facts, window=window)
    table = table.mutate(scored_members=table.count().over())
    score = {
        "strict_less": _strict_less,
        "ntile_id": _ntile_id,
        "percentile": _percentile,
    }
    table = table.mutate(
        **{name: score[rule](table, measure) for name, measure in SCORES.items()}
    )
    return table.mutate(
        rf=table.r.cast("string") + table.f.cast("string"),
        cell=table.r.cast("string") + table.f.cast("string") + table.m.cast("string"),
    ).drop("scored_members")


def _worst_first(table: ir.Table, measure: str) -> Any:
    return table[measure].desc() if measure == "recency" else table[measure].asc()


def _strict_less(table: ir.Table, measure: str) -> Any:
    # rank() counts from 0 in Ibis: the number of members strictly worse.
    worse = ibis.rank().over(order_by=_worst_first(table, measure))
    return (1 + (rules.GROUPS * worse) // table.scored_members).cast("int64")


def _ntile_id(table: ir.Table, measure: str) -> Any:
    order = [_worst_first(table, measure), table.id_key, table.member_id]
    return (1 + ibis.ntile(rules.GROUPS).over(order_by=order)).cast("int64")


def _percentile(table: ir.Table, measure: str) -> Any:
    """This cuts at the linear percentiles, a value on the cut in the lower group.

    The k-th cut lies between the order statistics floor(k (N - 1) / 5) and the next,
    with no value strictly between: being above the cut is having more values below
    than that index. Counting keeps it exact where interpolation would not be.
    """
    below = ibis.rank().over(order_by=table[measure].asc())
    last = table.scored_members - 1
    group = ibis.literal(1).cast("int64")
    for k in range(1, rules.GROUPS):
        above = below > (k * last) // rules.GROUPS
        group = group + above.ifelse(1, 0)
    lower_is_better = measure == "recency"
    return rules.GROUPS + 1 - group if lower_is_better else group


def _scored(q: Question) -> ir.Table:
    return scored(q.facts, window=q.params["window"], rule=q.params["rule"])


def read(q: Question) -> Reading:
    table = _scored(q)
    by = str(q.by)
    found = state.rows(
        table.group_by(by).agg(
            members=table.count(), spend=table.monetary.sum().cast("int64")
        )
    )
    n = sum(row["members"] for row in found)
    exponent = q.facts.settings.exponent
    rows = tuple(
        {
            ("score" if by in SCORES else by): row[by],
            "value": row["members"],
            "members": row["members"],
            "spend": rules.money(row["spend"], exponent=exponent),
        }
        for row in sorted(found, key=lambda row: row[by])
    )
    return Reading(value=n, n=n, rows=rows)


def bounds(facts: Facts, *, window: str, rule: str) -> dict[str, dict[str, list[int]]]:
    """This says between which measures each score lies, to read a score by."""
    table = scored(facts, window=window, rule=rule)
    found: dict[str, dict[str, list[int]]] = {}
    for score, measure in SCORES.items():
        edges = table.group_by(score).agg(
            least=table[measure].min(), most=table[measure].max()
        )
        found[score] = {
            str(row[score]): [row["least"], row["most"]]
            for row in state.rows(edges.order_by(score))
        }
    return found


def behind(q: Question, cell: str) -> ir.Table:
    table = _scored(q)
    by = str(q.by)
    return table.filter(table[by].cast("string") == cell)


METRICS = (
    Metric(
        name="rfm",
        version=1,
        title=_("RFM scores"),
        words=_(
            # The sign of per cent is no placeholder: xgettext:no-python-format
            "Buyers of the window scored 1 to 5 (best) on days since the last order, "
            "number of orders and net spend. strict_less: 1 + floor(5 L / N), L members "
            "strictly worse, ties share a score and a score may be missing; ntile_id: "
            "five equal groups, ties split by id; percentile: cut at the 20, 40, 60 "
            "and 80 % linear percentiles, a value on the cut in the lower group."
        ),
        formula="score = 1 + floor(5 L / N)",
        source=("orders", "members"),
        unit=Unit.COUNT,
        base=_("members with an order in the window"),
        span=Span.POINT,
        additivity=Additivity.ADDITIVE,
        dimensions=("r", "f", "m", "rf", "cell"),
        default_dimension="cell",
        params=(
            Param(
                name="window",
                words=_("all history, or the twelve months ending with the day"),
                kind="choice",
                choices=RFM_WINDOWS,
                default=lambda settings: settings.rfm_window,
            ),
            Param(
                name="rule",
                words=_("how ties are treated"),
                kind="choice",
                choices=RFM_RULES,
                default=lambda settings: settings.rfm_rule,
            ),
        ),
        read=read,
        behind=behind,
    ),
)
