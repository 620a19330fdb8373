"""The registry as a page: `python -m analytics.metrics.catalogue` renews docs/metrics.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import django
from django.utils import translation

from analytics.metrics import registry
from analytics.metrics.base import Metric, Param
from analytics.metrics.enums import Additivity, Span
from members.programme.rules import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BEGIN = "<!-- registry: begin, written by analytics/metrics/catalogue.py -->"
END = "<!-- registry: end -->"
PERIODS = {
    Span.HISTORY: "both days included; without one, all history up to as_of",
    Span.YEAR: "both days included; without one, the twelve months ending with as_of",
    Span.CHANGE: "(from, to]; without one, the `days` days ending with as_of",
    Span.POINT: "none: the state at the end of as_of",
}


def as_markdown() -> str:
    """This is every metric of the registry, in English, in the registry's order."""
    with translation.override("en"):
        return "\n".join(
            line for metric in registry.all_metrics() for line in _entry(metric)
        )


def renewed(page: str) -> str:
    """This is the page with its registry part written anew, the rest as it is."""
    head, _begin, rest = page.partition(BEGIN)
    _old, _end, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{as_markdown()}\n{END}{tail}"


def _entry(metric: Metric) -> Iterator[str]:
    yield f"### `{metric.name}`: {metric.title}, version {metric.version}"
    yield ""
    yield str(metric.words)
    yield ""
    yield f"- Formula: `{metric.formula}`"
    sums = (
        "may be summed" if metric.additivity is Additivity.ADDITIVE else "never summed"
    )
    yield f"- Unit: {metric.unit.value}, {sums} over cells"
    yield f"- Reads: {', '.join(metric.source)}; grain: {metric.grain}"
    yield f"- Base (`n`): {metric.base}"
    yield f"- Period: {PERIODS[metric.span]}"
    yield f"- Cut by: {_dimensions(metric)}"
    for param in metric.params:
        yield f"- Parameter {_param(param)}"
    if metric.behind is not None:
        yield "- Lists the members behind a cell"
    yield ""


def _dimensions(metric: Metric) -> str:
    names = (
        f"{name} (without being asked)" if name == metric.default_dimension else name
        for name in metric.dimensions
    )
    return ", ".join(names) or "nothing"


def _param(param: Param) -> str:
    default = param.default(Settings())
    held = "no default" if default is None else f"default `{default}`"
    accepts = ", ".join(f"`{choice}`" for choice in param.choices) or (
        f"{'a whole number' if param.kind == 'whole' else 'a number'} "
        f"from {param.least} to {param.most}"
    )
    return f"`{param.name}`: {param.words}; {accepts}; {held}"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    PAGE.write_text(renewed(PAGE.read_text()))


if __name__ == "__main__":
    main()
