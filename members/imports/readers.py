"""Streams a file as chunks of rows; memory does not grow with the file.

A row that cannot be taken apart is told with its line, and reading goes on after
it. A quote that is never closed would swallow the rest of the file: the line it
stands on is refused, and the lines after it are read again as rows of their own.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from members.imports.sniffing import Inspection, Unusable
from members.imports.values import Bad, Cell

CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    bad: Bad
    raw: str


@dataclass(slots=True)
class Chunk:
    """Rows with the same columns as the file's header, and rows that have not."""

    lines: list[int] = field(default_factory=list)
    rows: list[Sequence[Cell]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.bad)


def chunks(
    *,
    path: Path,
    inspection: Inspection,
    used: frozenset[int],
    size: int = CHUNK,
) -> Iterator[Chunk]:
    """This streams the rows; `used` are the columns that somebody will read."""
    if inspection.format == "csv":
        return _csv(path, inspection, size)
    if inspection.format == "jsonl":
        return _jsonl(path, inspection, used, size)
    return _parquet(path, inspection, used, size)


class _Lines:
    """Physical lines with their numbers; lines taken can be handed back."""

    def __init__(self, file: TextIO, *, skip: int) -> None:
        for _line in range(skip):
            next(file, None)
        self._file = file
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = skip  # of the last line before those taken

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.taken.append(line)
        return line

    def settle(self, *, lines: int) -> None:
        """The first `lines` of those taken are dealt with; the rest come again."""
        self.number += lines
        self._again.extendleft(reversed(self.taken[lines:]))
        self.taken.clear()


def _csv(path: Path, inspection: Inspection, size: int) -> Iterator[Chunk]:
    width = len(inspection.columns)
    with path.open(encoding=inspection.encoding, newline="") as file:
        lines = _Lines(file, skip=inspection.header_lines)
        reader = csv.reader(lines, delimiter=inspection.delimiter, strict=True)
        chunk, more = Chunk(), True
        while more:
            more = _csv_rows(reader, lines, width, chunk, size)
            if len(chunk) >= size or not more:
                yield chunk
                chunk = Chunk()


def _csv_rows(reader: Any, lines: _Lines, width: int, chunk: Chunk, size: int) -> bool:
    """Read rows until the chunk is full or one is odd; False at the end."""
    numbers, rows, taken = chunk.lines, chunk.rows, lines.taken
    try:
        for row in reader:
            if len(row) != width:
                _odd(row, lines, width, chunk)
                return True
            if any(row):
                numbers.append(lines.number + 1)
                rows.append(row)
            lines.number += len(taken)
            taken.clear()
            if len(rows) >= size:
                return True
    except csv.Error:
        _odd(None, lines, width, chunk)
        return True
    return False


def _odd(row: list[str] | None, lines: _Lines, width: int, chunk: Chunk) -> None:
    if row is not None and len(lines.taken) == 1:
        _uneven(row, lines, width, chunk)
        lines.settle(lines=1)
        return
    raw = lines.taken[0].rstrip("\r\n") if lines.taken else ""
    # More lines than one and no row: the quote was opened on the first of them.
    bad = Bad("malformed", "the row has a quote that is not closed or not escaped")
    if len(raw) > csv.field_size_limit():
        most = csv.field_size_limit()
        bad = Bad("too_long", f"the row has a cell longer than {most} characters")
    chunk.bad.append(BadRow(lines.number + 1, bad, raw))
    lines.settle(lines=1)


def _uneven(row: list[str], lines: _Lines, width: int, chunk: Chunk) -> None:
    if not any(cell.strip() for cell in row):
        return
    if len(row) > width and not any(row[width:]):
        chunk.lines.append(lines.number + 1)
        chunk.rows.append(row[:width])
        return
    bad = Bad("columns", f"the row has {len(row)} columns, the header has {width}")
    raw = lines.taken[0].rstrip("\r\n")
    chunk.bad.append(BadRow(lines.number + 1, bad, raw))


def _jsonl(
    path: Path, inspection: Inspection, used: frozenset[int], size: int
) -> Iterator[Chunk]:
    columns = inspection.columns
    needed = frozenset(columns[index] for index in used)
    with path.open(encoding=inspection.encoding, newline="\n") as file:
        chunk = Chunk()
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            row = _json_row(line, columns, needed)
            if isinstance(row, Bad):
                chunk.bad.append(BadRow(number, row, line.strip()))
            else:
                chunk.lines.append(number)
                chunk.rows.append(row)
            if len(chunk) >= size:
                yield chunk
                chunk = Chunk()
        yield chunk


def _json_row(
    line: str, columns: tuple[str, ...], needed: frozenset[str]
) -> list[Cell] | Bad:
    try:
        row = json.loads(line, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return Bad("malformed", f"the line is not JSON ({error})"[:200])
    if not isinstance(row, dict):
        return Bad("malformed", "the line is no JSON object")
    cells: list[Cell] = []
    for column in columns:
        cell = row.get(column)
        if isinstance(cell, bool):
            cell = "true" if cell else "false"
        elif isinstance(cell, list | dict):
            if column in needed:
                return Bad(
                    "nested", f"{column}: holds a list or an object, not a value"
                )
            cell = json.dumps(cell, default=str)
        cells.append(cell)
    return cells


def _no_number(word: str) -> Cell:
    raise ValueError(f"{word} is no number")


def _parquet(
    path: Path, inspection: Inspection, used: frozenset[int], size: int
) -> Iterator[Chunk]:
    number = 1
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            _refuse_nested(file.schema_arrow, used)
            for batch in file.iter_batches(batch_size=size):
                columns = [_cells(column) for column in batch.columns]
                count = batch.num_rows
                rows: list[Sequence[Cell]] = list(zip(*columns, strict=True))
                yield Chunk(list(range(number, number + count)), rows)
                number += count
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0][:200]
        raise Unusable(
            _("the Parquet file is damaged near row %(row)s (%(why)s)")
            % {"row": number, "why": why}
        ) from None


def _refuse_nested(schema: pa.Schema, used: frozenset[int]) -> None:
    for index in used:
        kind = schema.field(index).type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind):
            name = schema.field(index).name
            raise Unusable(
                _("the column “%(column)s” holds %(kind)s, not plain values")
                % {"column": name, "kind": kind}
            )


def _cells(column: Any) -> list[Any]:
    """This is a column as Python values; floats of 32 bits keep their own digits."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    cells: list[Any]
    if pa.types.is_timestamp(kind):
        cells = pc.cast(column, pa.timestamp("us", kind.tz), safe=False).to_pylist()
    elif pa.types.is_float16(kind) or pa.types.is_float32(kind):
        texts = pc.cast(pc.cast(column, pa.float32()), pa.string()).to_pylist()
        cells = [None if t in (None, "nan") else Decimal(t) for t in texts]
    elif pa.types.is_boolean(kind):
        cells = [None if c is None else str(c).lower() for c in column.to_pylist()]
    elif pa.types.is_nested(kind) or pa.types.is_time(kind):
        cells = [None if c is None else str(c) for c in column.to_pylist()]
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        cells = [None if c is None else c.hex() for c in column.to_pylist()]
    else:
        cells = column.to_pylist()
    return cells
