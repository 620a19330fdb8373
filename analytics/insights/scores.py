"""The RFM grid: members or mean spend by recency and frequency, and the groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.directory.rules import EXACT_UP_TO
from analytics.insights import queries, rules, wording
from analytics.insights.boxes import Box
from analytics.insights.forms import SHOW_MEMBERS, SHOW_SPEND, Scored
from analytics.insights.queries import Cell, Grid, Standpoint
from analytics.insights.wording import Voice
from analytics.metrics import registry
from analytics.metrics import rules as metric_rules
from config.lib import charts, formats, ui
from config.lib.ui import Choice, Note
from members.programme.rules import RFM_RULES, RFM_WINDOWS

RULES = {
    "strict_less": gettext_lazy(
        "Members with the same measure share a score, so a score may be missing."
    ),
    "ntile_id": gettext_lazy(
        "Five groups of equal size; members with the same measure are split by id."
    ),
    "percentile": gettext_lazy(
        "Cut at the 20, 40, 60 and 80 % percentiles; on the cut counts as the lower group."
    ),
}


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """Rows of frequency, the best on top; each row's boxes run up in recency."""

    rows: list[tuple[int, list[Box]]]
    head: list[str]
    table: list[list[str | ui.Cell]]
    note: Note


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    name: str
    rule: str
    members: str
    share: str
    mean: str
    cells: list[ui.Cell]


def score_table(
    at: Standpoint, grid: Grid, said: Voice, *, by_spend: bool
) -> ScoreTable:
    """Return the grid coloured by members, or by what they spent on average."""
    measures = {key: _measure(cell, by_spend) for key, cell in grid.cells.items()}
    known = [value for value in measures.values() if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    rows = []
    table: list[list[str | ui.Cell]] = []
    for f in reversed(rules.SCORES):
        boxes = []
        for r in rules.SCORES:
            cell = grid.cells.get((r, f), Cell())
            measure = _measure(cell, by_spend)
            url = wording.score_url(at, r=r, f=f, rule=grid.rule, window=grid.window)
            group = rules.group_of(r, f)
            text = _box_text(cell, said, by_spend=by_spend)
            label = _("Recency %(r)s, frequency %(f)s: %(group)s")
            boxes.append(
                Box(
                    text=text,
                    step=charts.step_class(measure, low=low, high=high) or "q0",
                    url=url,
                    label=label % {"r": r, "f": f, "group": group.name},
                    name=str(group.name) if group.anchor == f"{r}{f}" else "",
                )
            )
            table.append(_cell_row(r, f, cell, url, said))
        rows.append((f, boxes))
    head = [_("Scores"), _("Group"), _("Members"), _("Net spend"), _("Mean spend")]
    return ScoreTable(rows=rows, head=head, table=table, note=_note(at, grid, said))


def _measure(cell: Cell, by_spend: bool) -> float | None:
    if not by_spend:
        return float(cell.members)
    return cell.spend_minor / cell.members if cell.members else None


def _mean(cell: Cell) -> float | None:
    return cell.spend_minor / cell.members if cell.members else None


def _box_text(cell: Cell, said: Voice, *, by_spend: bool) -> str:
    if not by_spend:
        # The list behind a cell is counted exactly up to here, and so is the cell.
        exact = cell.members <= EXACT_UP_TO
        return said.number(cell.members) if exact else said.compact(cell.members)
    mean = _mean(cell)
    return said.money_short(None if mean is None else round(mean))


def _cell_row(r: int, f: int, cell: Cell, url: str, said: Voice) -> list[str | ui.Cell]:
    mean = _mean(cell)
    return [
        f"R{r} F{f}",
        str(rules.group_of(r, f).name),
        ui.Cell(said.number(cell.members), url),
        said.money(cell.spend_minor),
        said.money(None if mean is None else round(mean)),
    ]


def _note(at: Standpoint, grid: Grid, said: Voice) -> Note:
    metric = registry.metric("rfm")
    return Note(
        as_of=at.as_of,
        window=window_text(at, grid.window, said),
        base=str(metric.base),
        n=grid.n,
        definition=f"{metric.name} v{metric.version}",
        url=wording.definition_url(metric.name),
    )


def window_text(at: Standpoint, window: str, said: Voice) -> str:
    if window == "12m":
        start = metric_rules.twelve_months_from(at.as_of)
        return f"{said.day(start)}–{said.day(at.as_of)}"
    return _("all history to %(day)s") % {"day": said.day(at.as_of)}


def groups(at: Standpoint, grid: Grid, said: Voice) -> list[GroupRow]:
    """Return the named groups with their rule, and a link for each cell of theirs."""
    found = []
    for group in rules.GROUPS:
        keys = [
            (r, f)
            for r in range(group.recency[0], group.recency[1] + 1)
            for f in range(group.frequency[0], group.frequency[1] + 1)
        ]
        cells = [grid.cells.get(key, Cell()) for key in keys]
        members = sum(cell.members for cell in cells)
        spent = sum(cell.spend_minor for cell in cells)
        links = [
            ui.Cell(
                f"R{r} F{f}",
                wording.score_url(at, r=r, f=f, rule=grid.rule, window=grid.window),
            )
            for r, f in keys
        ]
        found.append(
            GroupRow(
                name=str(group.name),
                rule=group.rule,
                members=said.number(members),
                share=said.percent(members / grid.n if grid.n else None),
                mean=said.money(round(spent / members) if members else None),
                cells=links,
            )
        )
    return found


def page(*, at: Standpoint, asked: Scored) -> dict[str, Any]:
    """Return the context of the RFM page."""
    said = wording.voice(at.settings)
    grid = queries.grid(at=at, rule=asked.rule, window=asked.window)
    return {
        "asked": asked,
        "grid": grid,
        "scores": score_table(at, grid, said, by_spend=asked.show == SHOW_SPEND),
        "groups": groups(at, grid, said),
        "bounds": bounds(at, grid, said),
        "window_text": window_text(at, asked.window, said),
        "rule_text": str(RULES[asked.rule]),
        "choices": choices(asked),
    }


def choices(asked: Scored) -> dict[str, list[Choice]]:
    shows = {SHOW_MEMBERS: _("Members"), SHOW_SPEND: _("Mean spend")}
    windows = {"all": _("All history"), "12m": _("12 months")}
    rule_names = {
        "strict_less": _("Ties share"),
        "ntile_id": _("Equal fifths"),
        "percentile": _("Percentiles"),
    }
    return {
        "rule": [
            Choice(rule_names[rule], asked.url(rule=rule), rule == asked.rule)
            for rule in RFM_RULES
        ],
        "window": [
            Choice(windows[window], asked.url(window=window), window == asked.window)
            for window in RFM_WINDOWS
        ],
        "show": [
            Choice(text, asked.url(show=show), show == asked.show)
            for show, text in shows.items()
        ],
    }


def bounds(at: Standpoint, grid: Grid, said: Voice) -> list[tuple[str, list[str]]]:
    """Return for each score, best first, between which measures it lies."""
    found = queries.score_bounds(at=at, grid=grid)
    say = {"r": said.number, "f": said.number, "m": said.money}
    return [
        (str(score), [_edges(found, letter, score, say[letter]) for letter in "rfm"])
        for score in reversed(rules.SCORES)
    ]


def _edges(
    found: dict[str, dict[str, list[int]]],
    letter: str,
    score: int,
    say: Callable[[Any], str],
) -> str:
    edges = found.get(letter, {}).get(str(score))
    if edges is None:
        return formats.NOTHING
    least, most = (say(edge) for edge in edges)
    return least if least == most else formats.span(least, most)
