"""What can be imported. Features above register their kind when Django is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.backends.utils import CursorWrapper
from django.utils.functional import Promise

from members.imports.mapping import Columns, Field
from members.imports.readers import Chunk
from members.imports.staging import Stage
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was said about a file; part of what makes two loads the same one."""

    mapping: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    region: str | None = None
    update: bool = False

    def dump(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a loader needs to know besides the rows."""

    source: str
    batch_id: int
    at: datetime
    programme: Settings
    options: Options
    columns: Columns


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of a slice. The first three are rows."""

    loaded: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    members_created: int = 0
    stores_created: int = 0


class Loader(Protocol):
    """Turns rows into records: cell by cell in Python, then set by set in SQL."""

    def __init__(self, context: Context) -> None: ...

    @property
    def stage(self) -> Stage:
        """The tables the rows wait in."""
        ...

    def lines(self, chunk: Chunk) -> list[str]:
        """Rows as lines of COPY; a bad one carries its reason."""
        ...

    def settle(self, cursor: CursorWrapper) -> int:
        """All rows are staged: decide what needs the whole file.

        Returns the last position; slices are applied by position from 1 on.
        """
        ...

    def next_after(self, cursor: CursorWrapper, position: int) -> int | None:
        """The end of the next slice worth applying; None: there is none."""
        ...

    def apply(self, cursor: CursorWrapper, after: int, upto: int) -> Counts:
        """Apply one slice inside the caller's transaction."""
        ...


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What an undo removed, and what it left because others had built on it."""

    removed: int = 0
    members_removed: int = 0
    kept: int = 0


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    label: str | Promise
    fields: Sequence[Field]
    loader: type[Loader]
    undo: Callable[..., Undone]
    extra_columns: bool = False
    # What becomes of columns that are no field.
    extra_help: str | Promise = ""
    # Reasons of its own, and those it means otherwise than `imports.reasons`.
    reasons: Mapping[str, str | Promise] = field(default_factory=dict)


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _KINDS[kind.name] = kind


def named(name: str) -> Kind:
    return _KINDS[name]


def every() -> list[Kind]:
    return list(_KINDS.values())
