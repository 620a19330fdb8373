"""What a cell may become: the value, or the reason why it is refused.

A refusal is data, not an exception: a file of a million rows may hold a million.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeAlias, TypeVar

Cell: TypeAlias = str | int | float | Decimal | date | datetime | None

# Distinct values remembered by one column. Dates and stores repeat, amounts and
# members less so; the bound keeps memory flat in the size of the file.
REMEMBERED = 50_000

# Full-width forms only: NFKC would also read 12² as 122.
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
NARROW |= {0x3000: 0x20, 0xFFE5: 0xA5, 0xFFE1: 0xA3}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a cell was refused: a machine word, and what is accepted instead."""

    reason: str
    detail: str


class Memo(dict[Cell, T], Generic[T]):
    """Remembers what became of a cell's value, up to `REMEMBERED` values."""

    def __init__(self, parse: Callable[[Cell], T]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, cell: Cell) -> T:
        if len(self) >= REMEMBERED:
            self.clear()
        parsed = self[cell] = self._parse(cell)
        return parsed


def plain(cell: Cell) -> str:
    """This is the cell as trimmed text, full-width characters made narrow."""
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else written(cell)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(NARROW))
    return text.strip()


def written(cell: Cell) -> str:
    """This is a typed cell (JSON, Parquet) as a person would write it in a CSV."""
    if cell is None or cell != cell:  # NaN is how data frames write "missing"
        return ""
    if isinstance(cell, float):
        return repr(cell) if abs(cell) < 1e16 else f"{cell:.0f}"
    return str(cell)


def shown(text: str) -> str:
    """This quotes a refused value without filling the page with it."""
    return f"«{text[:40]}…»" if len(text) > 40 else f"«{text}»"
