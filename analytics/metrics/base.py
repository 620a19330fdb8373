"""What a metric is, what it is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from django.utils.functional import Promise
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics.enums import Additivity, Span, Unit
from members.programme.rules import Settings

Value = int | float | str | None


@dataclass(frozen=True, kw_only=True)
class Param:
    """One parameter: `default` reads the programme, None leaves it unset."""

    name: str
    words: str | Promise
    kind: Literal["choice", "whole", "number"]
    default: Callable[[Settings], Any]
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 10_000


@dataclass(frozen=True, kw_only=True)
class Period:
    """Two local days; `start` None is the beginning of all history."""

    start: date | None
    end: date


@dataclass(frozen=True, kw_only=True)
class Question:
    """A metric's input: facts already cut at the day and to the scope."""

    facts: Facts
    period: Period
    by: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A metric's output; `n` is the size of its base, `extra` its own fields."""

    value: Value
    n: int
    numerator: Value = None
    denominator: Value = None
    rows: tuple[Mapping[str, Value], ...] = ()
    extra: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One entry of the registry: the definition people read and the one that runs.

    `behind`, where people stand behind a cell, gives the members of the cell: as
    many as the cell says. `check` settles parameters that depend on each other, or
    raises ValueError with a sentence.
    """

    name: str
    version: int
    title: str | Promise
    words: str | Promise
    formula: str
    source: tuple[str, ...]
    unit: Unit
    base: str | Promise
    span: Span
    read: Callable[[Question], Reading]
    grain: str = "member"
    time_column: str = "day"
    additivity: Additivity = Additivity.NOT
    dimensions: tuple[str, ...] = ()
    default_dimension: str | None = None
    params: tuple[Param, ...] = ()
    behind: Callable[[Question, str], ir.Table] | None = None
    check: Callable[[dict[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reading with everything a number must carry."""

    metric: Metric
    by: str | None
    as_of: date
    period: Period
    params: Mapping[str, Any]
    reading: Reading

    def as_json(self) -> dict[str, Any]:
        """This is the contract's object; keys of `extra` stand beside its own."""
        reading = self.reading
        start = self.period.start
        return {
            "metric": self.metric.name,
            "version": self.metric.version,
            "definition": str(self.metric.words),
            "as_of": self.as_of.isoformat(),
            "from": start.isoformat() if start else None,
            "to": self.period.end.isoformat(),
            "value": reading.value,
            "numerator": reading.numerator,
            "denominator": reading.denominator,
            "n": reading.n,
            **reading.extra,
            "unit": self.metric.unit.value,
            "params": {name: _plain(value) for name, value in self.params.items()},
            "rows": [dict(row) for row in reading.rows],
        }


def _plain(value: Any) -> Value:
    return value if isinstance(value, int | float | str | None) else str(value)
