"""The cohort heat table: who came back, by the month of the first order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from analytics.insights import queries, rules, wording
from analytics.insights.boxes import Box
from analytics.insights.wording import Voice
from analytics.metrics import rules as metric_rules
from analytics.metrics.base import Answer
from config.lib import charts, ui
from config.lib.ui import Note


@dataclass(frozen=True, kw_only=True)
class CohortTable:
    months: list[int]
    rows: list[tuple[str, ui.Cell, list[Box | None]]]
    note: Note
    is_unfinished: bool


def cohort_table(answer: Answer, said: Voice, *, months: int) -> CohortTable:
    """Return the cohorts, newest last; the month that is not over is unfinished."""
    found = queries.cohort_table(answer)
    shares = [
        float(row["rate"])
        for cohort in found.values()
        for k, row in cohort.items()
        if 0 < k < months
    ]
    low, high = min(shares, default=0.0), max(shares, default=0.0)
    is_open = answer.as_of != rules.month_end(answer.as_of)
    rows = []
    for name, cohort in found.items():
        first = date.fromisoformat(f"{name}-01")
        boxes: list[Box | None] = []
        for k in range(1, months):
            row = cohort.get(k)
            if row is None:
                boxes.append(None)
                continue
            last = metric_rules.month_after(first, k)
            label = _("%(active)s of %(size)s members bought in %(month)s")
            label %= {
                "active": said.number(row["active"]),
                "size": said.number(row["size"]),
                "month": said.month(last),
            }
            boxes.append(
                Box(
                    text=said.percent(row["rate"], 0),
                    step=charts.step_class(row["rate"], low=low, high=high),
                    url=wording.behind_url(answer, f"{name},{k}"),
                    label=label,
                    unfinished=is_open and last == metric_rules.month_of(answer.as_of),
                )
            )
        size = ui.Cell(
            said.number(cohort[0]["size"]), wording.behind_url(answer, f"{name},0")
        )
        rows.append((said.month(first), size, boxes))
    return CohortTable(
        months=list(range(1, months)),
        rows=rows,
        note=wording.note(answer, said),
        is_unfinished=is_open,
    )
