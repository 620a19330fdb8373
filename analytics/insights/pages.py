"""What each page shows, put together from its questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.insights import grids, overview, queries, retention, rules, wording
from analytics.insights.forms import Retained
from analytics.insights.queries import Standpoint
from config.lib.ui import Choice


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which measures one score lies, in words."""

    score: str
    recency: str
    frequency: str
    monetary: str


def overview_page(*, at: Standpoint, days: int) -> dict[str, Any]:
    said = wording.voice(at.settings)
    found = queries.answers(at=at, asks=overview.asks(at=at, days=days))
    grid = queries.grid(at=at, rule=at.settings.rfm_rule, window=at.settings.rfm_window)
    now = rules.period(as_of=at.as_of, days=days)
    before = rules.period(as_of=at.as_of, days=days, back=1)
    return {
        "periods": [
            Choice(
                ngettext("%(n)s day", "%(n)s days", n) % {"n": n},
                f"?days={n}",
                current=n == days,
            )
            for n in rules.PERIODS
        ],
        "now": said.days(now),
        "before": said.days(before),
        "figures": overview.figures(found, said),
        "months": overview.spend_chart(found["months"], said),
        "stages": overview.stages_chart(at, said),
        "grid": grids.score_table(at, grid, said, by_spend=False),
        "cohorts": grids.cohort_table(
            found["cohorts"], said, months=rules.COHORTS_SHORT
        ),
    }


def rfm_page(
    *, at: Standpoint, rule: str, window: str, by_spend: bool
) -> dict[str, Any]:
    said = wording.voice(at.settings)
    grid = queries.grid(at=at, rule=rule, window=window)
    asked = {"rule": rule, "window": window, "show": "spend" if by_spend else "members"}
    return {
        "grid": grids.score_table(at, grid, said, by_spend=by_spend),
        "groups": grids.groups(at, grid, said),
        "bounds": _bounds(queries.score_bounds(at=at, grid=grid), said),
        "shows": _choices(
            asked, "show", [("members", _("Members")), ("spend", _("Mean spend"))]
        ),
        "rules": _choices(
            asked,
            "rule",
            [
                ("strict_less", _("Ties share a score")),
                ("ntile_id", _("Equal groups")),
                ("percentile", _("Percentiles")),
            ],
        ),
        "windows": _choices(
            asked, "window", [("all", _("All history")), ("12m", _("12 months"))]
        ),
    }


def retention_page(*, at: Standpoint, asked: Retained) -> dict[str, Any]:
    said = wording.voice(at.settings)
    found = queries.answers(at=at, asks=retention.asks(at=at, asked=asked))
    return {
        "cohorts": grids.cohort_table(
            found["cohorts"], said, months=rules.COHORTS_LONG
        ),
        "stages": overview.stages_chart(at, said),
        "moves": retention.moves(found["moves"], said),
        "rates": retention.rates(found, said),
        "second": retention.second_purchase(found["second"], said),
    }


def _choices(
    asked: dict[str, str], name: str, options: list[tuple[str, str]]
) -> list[Choice]:
    found = []
    for value, text in options:
        query = QueryDict(mutable=True)
        query.update({**asked, name: value})
        url = f"{reverse('insights:rfm')}?{query.urlencode()}"
        found.append(Choice(text, url, current=asked[name] == value))
    return found


def _bounds(
    found: dict[str, dict[str, list[int]]], said: wording.Voice
) -> list[Bounds]:
    def between(letter: str, score: str, say: Any) -> str:
        ends = found.get(letter, {}).get(score)
        if not ends:
            return "–"
        low, high = (say(end) for end in ends)
        return low if low == high else f"{low}–{high}"

    return [
        Bounds(
            score=score,
            recency=between("r", score, said.number),
            frequency=between("f", score, said.number),
            monetary=between("m", score, said.money),
        )
        for score in ("5", "4", "3", "2", "1")
    ]
