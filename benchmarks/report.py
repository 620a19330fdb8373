"""What a bench found, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number. With `hold` it must not be larger; without, it is only told."""

    what: str
    value: float
    unit: str = ""
    hold: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.hold is None or self.value <= self.hold

    @property
    def verdict(self) -> str:
        if self.hold is None:
            return ""
        return "ok" if self.ok else "MISS"


@dataclass(frozen=True, kw_only=True)
class Result:
    bench: str
    title: str
    sizes: dict[str, int]
    figures: tuple[Figure, ...]

    @property
    def ok(self) -> bool:
        return all(figure.ok for figure in self.figures)

    def dump(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "title": self.title,
            "sizes": self.sizes,
            "ok": self.ok,
            "figures": [{**asdict(figure), "ok": figure.ok} for figure in self.figures],
        }


def show(result: Result, *, console: Console) -> None:
    sizes = ", ".join(f"{count:,} {what}" for what, count in result.sizes.items())
    table = Table(
        title=f"{result.bench}: {result.title} [{sizes}]", title_justify="left"
    )
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("hold", justify="right")
    table.add_column("")
    table.add_column("note")
    for figure in result.figures:
        hold = "" if figure.hold is None else f"≤ {_number(figure.hold, figure.unit)}"
        value = _number(figure.value, figure.unit)
        table.add_row(figure.what, value, hold, figure.verdict, figure.note)
    console.print(table)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * 100) * len(ordered) // 100) - 1)]


def _number(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"
    return f"{text} {unit}".rstrip()
