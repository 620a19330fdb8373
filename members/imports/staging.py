"""Tables where a file waits before it is applied, and the lines COPY puts there.

Unlogged and one set a batch: written once, dropped at the end, never vacuumed. A
crash of the server empties them; the batch then stages the same file again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from members.imports.readers import Chunk
from members.imports.values import Bad, Cell, Memo, written

NULL = "\\N"
UNIT = "\x1f"  # separates the cells of a raw row
RAW = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "�"})
Read: TypeAlias = str | tuple[str, ...] | Bad | None
# Keys that need no second look: they hold a digit, and are no number of Excel's.
USUAL_KEYS = re.compile(
    r"[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{0,60}"
    r"(?:\n[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{0,60})*"
)
SPECIAL = ("\\", "\t", "\n", "\r", "\0")
# Room for a sort of a slice in memory; one import at a time uses it.
WORK_MEMORY = "128MB"


@dataclass(frozen=True)
class Stage:
    """The tables of one batch: rows as staged, and what `settle` makes of them."""

    batch_id: int
    ddl: str
    columns: tuple[str, ...]

    @property
    def rows(self) -> sql.Identifier:
        return self.table("rows")

    def table(self, part: str) -> sql.Identifier:
        return sql.Identifier(f"import_{self.batch_id}_{part}")


def create(cursor: CursorWrapper, stage: Stage) -> None:
    drop(cursor, stage.batch_id)
    cursor.execute(
        sql.SQL("CREATE UNLOGGED TABLE {} (" + stage.ddl + ")").format(stage.rows)
    )


def drop(cursor: CursorWrapper, batch_id: int) -> None:
    for part in ("rows", "units", "rejects"):
        name = sql.Identifier(f"import_{batch_id}_{part}")
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))


def count(cursor: CursorWrapper, stage: Stage) -> int | None:
    """Rows that wait, or None if the tables are gone."""
    cursor.execute("SELECT to_regclass(%s)", [f"import_{stage.batch_id}_rows"])
    if cursor.fetchone() == (None,):
        return None
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(stage.rows))
    return int(cursor.fetchone()[0])


def reject(
    cursor: CursorWrapper,
    stage: Stage,
    *,
    names: Sequence[str],
    rows: sql.Composable,
    params: Sequence[Any],
    expires_at: datetime,
) -> int:
    """Quarantine staged rows; `rows` selects line, reason and detail. Returns how many."""
    statement = sql.SQL(
        """
        INSERT INTO members_rejectedrow (batch_id, line, reason, detail, raw, expires_at)
        SELECT %s, r.line, r.reason, left(coalesce(r.detail, ''), 400),
               CASE WHEN cardinality(c.cells) = cardinality(%s::text[])
                    THEN jsonb_object(%s::text[], c.cells)
                    ELSE jsonb_build_object('row', s.raw) END,
               %s
          FROM ({rejected}) r
          JOIN {staged} s ON s.line = r.line
         CROSS JOIN LATERAL (SELECT string_to_array(s.raw, chr(31)) AS cells) c
         ORDER BY r.line
        """
    ).format(rejected=rows, staged=stage.rows)
    header = list(names)
    cursor.execute(statement, [stage.batch_id, header, header, expires_at, *params])
    return int(cursor.rowcount)


def copy(cursor: CursorWrapper, stage: Stage, lines: Sequence[str]) -> None:
    if not lines:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        stage.rows, sql.SQL(", ").join(map(sql.Identifier, stage.columns))
    )
    # A lone surrogate (JSON can spell one) is no character PostgreSQL would take.
    data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
    with cursor.copy(statement) as into:
        into.write(data)


@dataclass
class Cells:
    """One chunk read column by column; the first refusal of a row is its reason."""

    chunk: Chunk
    bad: dict[int, Bad] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = self.chunk.rows
        self._columns = list(zip(*rows, strict=True)) if rows else []
        self.count = len(rows)

    def of(self, index: int | None) -> Sequence[Cell] | None:
        if index is None or not self._columns:
            return None
        return self._columns[index]

    def read(
        self, index: int | None, memo: Memo[str | Bad], empty: str = NULL
    ) -> list[str]:
        """This is a column ready for COPY; a refused cell is noted and left empty."""
        column = self.of(index)
        if column is None:
            return [empty] * self.count
        return self.sieved([memo[cell] for cell in column], empty)

    def keys(
        self,
        index: int | None,
        memo: Memo[str | Bad],
        empty: str = NULL,
        lead: str = "",
    ) -> list[str]:
        """As `read`, for columns of keys: most are letters and digits all through."""
        column = self.of(index)
        if column is not None and _all_usual(column):
            return [lead + key for key in column] if lead else list(column)  # type: ignore[operator,arg-type]  # strings, as just seen
        return self.read(index, memo, empty)

    def sieved(self, read: list[str | Bad], empty: str = NULL) -> list[str]:
        if Bad in set(map(type, read)):
            for at, one in enumerate(read):
                if isinstance(one, Bad):
                    self.bad.setdefault(at, one)
                    read[at] = empty
        return read  # type: ignore[return-value]  # nothing bad is left in it

    def verdicts(self) -> tuple[list[str], list[str]]:
        """Reason and detail of each row, ready for COPY."""
        reasons, details = [NULL] * self.count, [NULL] * self.count
        for at, one in self.bad.items():
            reasons[at], details[at] = one.reason, escaped(one.detail[:400])
        return reasons, details

    def raws(self) -> list[str]:
        return list(_raws(self.chunk.rows))


def _all_usual(column: Sequence[Cell]) -> bool:
    try:
        joined = "\n".join(column)  # type: ignore[arg-type]  # the exception says if not
    except TypeError:
        return False
    one_line_each = joined.count("\n") == len(column) - 1
    return one_line_each and USUAL_KEYS.fullmatch(joined) is not None


def _raws(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    for row in rows:
        try:
            raw = UNIT.join(row)  # type: ignore[arg-type]  # strings, as from CSV
        except TypeError:
            raw = UNIT.join(map(written, row))
        yield escaped(raw)


def escaped(text: str) -> str:
    """This is text as COPY wants it."""
    for character in SPECIAL:
        if character in text:
            return text.translate(RAW)
    return text


def read_as(
    parse: Callable[[Cell], Read], *, required: Bad | None = None, empty: str = NULL
) -> Memo[str | Bad]:
    """This makes a column's memo: text for COPY, `empty` for nothing, or a refusal.

    A cell that fills several columns is read as a tuple.
    """

    def once(cell: Cell) -> str | Bad:
        read = parse(cell)
        if read is None:
            return required or empty
        if isinstance(read, tuple):
            return "\t".join(map(escaped, read))
        return read if isinstance(read, Bad) else escaped(read)

    return Memo(once)


def missing(name: str) -> Bad:
    return Bad("missing", f"{name}: is empty; a value is needed")
