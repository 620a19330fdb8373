"""The metric catalogue: every definition with the figure it gives today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analytics.insights import wording
from analytics.insights.queries import Ask
from analytics.insights.wording import Voice
from analytics.metrics import registry
from analytics.metrics.base import Answer, Metric
from analytics.metrics.enums import Unit
from config.lib.ui import Note


@dataclass(frozen=True, kw_only=True)
class Entry:
    metric: Metric
    source: str
    unit: str
    dimensions: str
    params: list[tuple[str, str]]
    value: str
    note: Note | None


def asks() -> dict[str, Ask]:
    return {metric.name: Ask(name=metric.name) for metric in registry.all_metrics()}


def entries(found: Mapping[str, Answer], said: Voice | None) -> list[Entry]:
    """Return the registry in its order; without figures there are definitions alone."""
    return [
        _entry(metric, found.get(metric.name), said)
        for metric in registry.all_metrics()
    ]


def _entry(metric: Metric, answer: Answer | None, said: Voice | None) -> Entry:
    told = answer is not None and said is not None
    return Entry(
        metric=metric,
        source=", ".join(metric.source),
        unit=_units()[metric.unit],
        dimensions=", ".join(metric.dimensions) or _("none"),
        params=[(param.name, str(param.words)) for param in metric.params],
        value=said.value(answer) if answer and said else "",
        note=wording.note(answer, said) if told and answer and said else None,
    )


def _units() -> dict[Unit, str]:
    return {
        Unit.COUNT: _("count"),
        Unit.MONEY: _("money"),
        Unit.RATE: _("share"),
        Unit.NUMBER: _("number"),
        Unit.INDEX: _("index"),
    }
