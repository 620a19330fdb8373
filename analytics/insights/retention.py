"""Retention as its template wants it: moves, rates and the second purchase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.insights import cohorts, overview, queries, rules, wording
from analytics.insights.forms import Retained
from analytics.insights.overview import Chart
from analytics.insights.queries import Ask, Standpoint
from analytics.insights.wording import Voice
from analytics.metrics.base import Answer
from analytics.metrics.enums import Stage
from analytics.metrics.moves import ENTERED
from config.lib import charts, ui
from config.lib.ui import Note

RATES = ("retention_rate", "churn_rate", "crr")
# From worst to best. Coming back from churned is better, going there is worse.
_RANK = {
    Stage.CHURNED: 0,
    Stage.PROSPECT: 1,
    Stage.FIRST: 2,
    Stage.REPEAT: 3,
    Stage.LOYAL: 4,
}


@dataclass(frozen=True, kw_only=True)
class Moves:
    drawing: SafeString
    targets: list[str]
    rows: list[tuple[str, list[ui.Cell], str]]
    totals: list[str]
    total: str
    start: str
    end: str
    note: Note


@dataclass(frozen=True, kw_only=True)
class Rate:
    title: str
    value: str
    note: Note


@dataclass(frozen=True, kw_only=True)
class Rates:
    rates: list[Rate]
    counts: list[tuple[str, ui.Cell]]
    window: str


def asks(*, at: Standpoint, asked: Retained) -> dict[str, Ask]:
    limits = (
        ("churn_days", str(at.settings.churn_days)),
        ("loyal_orders", str(at.settings.loyal_orders)),
    )
    days = (("days", str(asked.days)),)
    return {
        "cohorts": overview.cohorts_ask(at, short=False),
        "moves": Ask(
            name="lifecycle_moves", params=limits, start=asked.start, end=asked.end
        ),
        "second": Ask(name="second_purchase"),
        **{name: Ask(name=name, params=days) for name in RATES},
    }


def moves(answer: Answer, said: Voice) -> Moves:
    """Return the flow and the matrix; each cell leads to its members."""
    members = {
        (str(row["from_stage"]), str(row["to_stage"])): int(row["members"] or 0)
        for row in answer.reading.rows
    }
    sources = [*Stage.values, ENTERED]
    rows = []
    for source in sources:
        cells = [
            ui.Cell(
                said.number(members[source, target]),
                wording.behind_url(answer, f"{source},{target}"),
            )
            for target in Stage.values
        ]
        of_row = sum(members[source, target] for target in Stage.values)
        rows.append((stage_name(source), cells, said.number(of_row)))
    totals = [sum(members[source, target] for source in sources) for target in Stage]
    start = answer.period.start or answer.as_of
    return Moves(
        drawing=_flow(answer, members, said),
        targets=[str(stage.label) for stage in Stage],
        rows=rows,
        totals=[said.number(total) for total in totals],
        total=said.number(sum(totals)),
        start=said.day(start),
        end=said.day(answer.period.end),
        note=wording.note(answer, said),
    )


def stage_name(stage: str) -> str:
    return _("Not a member yet") if stage == ENTERED else str(Stage(stage).label)


def _flow(
    answer: Answer, members: dict[tuple[str, str], int], said: Voice
) -> SafeString:
    # Best on top on both sides, so that a line that falls is a loss.
    order = [stage.value for stage in sorted(Stage, key=lambda s: -_RANK[s])]
    left, right = [*order, ENTERED], order
    links = [
        charts.Link(
            source,
            target,
            members[source, target],
            _direction(source, target),
            f"{stage_name(source)} → {stage_name(target)}\n"
            + said.number(members[source, target]),
        )
        for source in left
        for target in right
        if members[source, target]
    ]
    sent = {s: sum(members[s, target] for target in order) for s in left}
    received = {t: sum(members[source, t] for source in left) for t in right}
    finding = _(
        "%(moved)s members changed stage, %(stayed)s stayed, %(entered)s joined."
    )
    counts = answer.reading.extra
    finding %= {
        "moved": said.number(int(counts["moved"] or 0)),
        "stayed": said.number(int(counts["stayed"] or 0)),
        "entered": said.number(int(counts["entered"] or 0)),
    }
    return charts.flow(
        [_node(key, sent[key], said) for key in left if sent[key]],
        [_node(key, received[key], said) for key in right if received[key]],
        links,
        finding=finding,
        height=340,
    )


def _node(key: str, total: int, said: Voice) -> charts.Node:
    return charts.Node(key, stage_name(key), total, said.compact(total))


def _direction(source: str, target: str) -> str:
    if source in (ENTERED, target):
        return "same"
    return "better" if _RANK[Stage(target)] > _RANK[Stage(source)] else "worse"


def rates(found: dict[str, Answer], said: Voice) -> Rates:
    answer = found["retention_rate"]
    extra = answer.reading.extra
    names = {
        "start": _("Active at the start"),
        "kept": _("Still active at the end"),
        "lost": _("No longer active"),
        "new": _("New in the period"),
        "came_back": _("Came back"),
        "end": _("Active at the end"),
    }
    counts = [
        (
            text,
            ui.Cell(
                said.number(int(extra[name] or 0)), wording.behind_url(answer, name)
            ),
        )
        for name, text in names.items()
    ]
    return Rates(
        rates=[
            Rate(
                title=str(found[name].metric.title),
                value=said.value(found[name]),
                note=wording.note(found[name], said),
            )
            for name in RATES
        ],
        counts=counts,
        window=wording.window(answer, said),
    )


def second_purchase(answer: Answer, said: Voice) -> Chart:
    """Return the share that has bought again by the day, up to a year."""
    rows = list(answer.reading.rows[: rules.CURVE_DAYS + 1 : rules.CURVE_STEP])
    labels = [said.number(int(row["day"] or 0)) for row in rows]
    shares = [float(row["bought"] or 0) for row in rows]
    texts = [said.percent(share) for share in shares]
    day = _("day %(day)s")
    drawing = charts.lines(
        [charts.Series(_("Bought again"), shares, end=texts[-1] if texts else "")],
        labels=labels,
        tips=[
            f"{day % {'day': label}}\n{text}"
            for label, text in zip(labels, texts, strict=True)
        ],
        finding=_median_sentence(answer, said),
        format_tick=lambda share: said.percent(share, 0),
    )
    return Chart(
        drawing=drawing if len(rows) > 1 else SafeString(""),
        caption=_median_sentence(answer, said),
        head=[_("Days"), _("Bought again"), _("Still observed")],
        rows=[
            [label, text, said.number(int(row["at_risk"] or 0))]
            for label, text, row in zip(labels, texts, rows, strict=True)
        ],
        note=wording.note(answer, said),
    )


def _median_sentence(answer: Answer, said: Voice) -> str:
    median = answer.reading.extra.get("median_days")
    if median is None:
        return _("Fewer than half of the buyers have bought a second time.")
    text = _("Half of the buyers have bought again %(days)s days after the first time.")
    return text % {"days": said.number(int(median))}


def page(*, at: Standpoint, asked: Retained, said: Voice) -> dict[str, Any]:
    """Return the context of the retention page."""
    found = queries.answers(at=at, asks=asks(at=at, asked=asked))
    months = rules.COHORTS_LONG
    return {
        "asked": asked,
        "cohorts": cohorts.cohort_table(found["cohorts"], said, months=months),
        "stages": overview.stages_chart(at, said),
        "moves": moves(found["moves"], said),
        "rates": rates(found, said),
        "second": second_purchase(found["second"], said),
    }
