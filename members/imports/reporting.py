"""Rejected rows as a file that a spreadsheet opens without doing what a cell says."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from members.imports.models import RejectedRow

HEADER = ("line", "reason", "detail", "raw")
# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"


def safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def rows(rejects: Iterable[RejectedRow]) -> Iterator[tuple[str, ...]]:
    for one in rejects:
        raw = json.dumps(one.raw, ensure_ascii=False)
        yield str(one.line), one.reason, safe(one.detail), raw


def write(into: Any, rejects: Iterable[RejectedRow]) -> None:
    """Write the rejects of a batch as CSV: line, reason, detail and the row itself."""
    writer = csv.writer(into)
    writer.writerow(HEADER)
    writer.writerows(rows(rejects))


class _Echo:
    def write(self, text: str) -> str:
        return text


def streamed(rejects: Iterable[RejectedRow], names: list[str]) -> Iterator[str]:
    """This is the file for mending: the reason first, then the columns as they were.

    Opens with a byte order mark, by which Excel knows UTF-8.
    """
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow(("line", "reason", "detail", *map(safe, names)))
    for one in rejects:
        cells = [safe(one.raw.get(name)) for name in names]
        if not any(cells) and "row" in one.raw:
            cells = [safe(one.raw["row"])]
        yield writer.writerow((one.line, one.reason, safe(one.detail), *cells))
