"""Which column is which field: told, or recognised by its name, never guessed.

Two columns that could be the same field are asked about, and what was recognised
is said in the summary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from members.imports.sniffing import Unusable


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field a kind of import knows, and the names files have for it."""

    name: str
    label: str | Promise
    required: bool = False
    synonyms: str = ""  # words apart by blanks
    help: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where each field stands in the file; `extra` are columns of no field."""

    names: tuple[str, ...]
    at: Mapping[str, int]
    extra: Mapping[str, int] = field(default_factory=dict)

    def index(self, name: str) -> int | None:
        return self.at.get(name)

    @property
    def used(self) -> frozenset[int]:
        return frozenset(self.at.values()) | frozenset(self.extra.values())

    @property
    def as_told(self) -> dict[str, str]:
        return {name: self.names[index] for name, index in self.at.items()}


def resolve(
    *,
    names: Sequence[str],
    fields: Sequence[Field],
    told: Mapping[str, str],
    extra: bool,
) -> Columns:
    """Find the column of each field; raises `Unusable` when it cannot be known.

    `told` says column by field; an empty column leaves the field out. With
    `extra` the columns of no field are kept under their own names, but for those
    of a field that was left out.
    """
    known = {one.name for one in fields}
    at: dict[str, int] = {}
    for name, column in told.items():
        if name not in known:
            raise Unusable(
                _("there is no field “%(field)s”; fields: %(fields)s")
                % {"field": name, "fields": ", ".join(f.name for f in fields)}
            )
        if column:
            at[name] = _position(names, column)
    for one in fields:
        if one.name not in told:
            found = _recognised(one, names, taken=frozenset(at.values()), told=told)
            if found is not None:
                at[one.name] = found
    _check(fields, at, names)
    left_out = {way for f in fields if told.get(f.name) == "" for way in _ways(f)}
    rest = {
        name: index
        for index, name in enumerate(names)
        if extra and name and index not in at.values() and folded(name) not in left_out
    }
    return Columns(names=tuple(names), at=at, extra=rest)


def folded(name: str) -> str:
    """This is a header without what exports vary: case, width, blanks and dashes."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _position(names: Sequence[str], column: str) -> int:
    if column in names:
        return list(names).index(column)
    matches = [i for i, name in enumerate(names) if folded(name) == folded(column)]
    if len(matches) != 1:
        raise Unusable(
            _("there is no column “%(column)s”; columns: %(columns)s")
            % {"column": column, "columns": ", ".join(filter(None, names))}
        )
    return matches[0]


def _ways(one: Field) -> set[str]:
    return {folded(way) for way in (one.name, *one.synonyms.split())}


def _recognised(
    one: Field, names: Sequence[str], *, taken: frozenset[int], told: Mapping[str, str]
) -> int | None:
    free = [index for index in range(len(names)) if index not in taken]
    exact = [index for index in free if folded(names[index]) == folded(one.name)]
    if exact:
        return exact[0]
    ways = _ways(one)
    matches = [index for index in free if folded(names[index]) in ways]
    if len(matches) > 1:
        columns = ", ".join(f"“{names[index]}”" for index in matches)
        text = _(
            "%(columns)s: each may be the %(field)s; "
            "say which (--map %(field)s=%(column)s)"
        )
        column = names[matches[0]]
        raise Unusable(text % {"columns": columns, "field": one.name, "column": column})
    return matches[0] if matches else None


def _check(
    fields: Sequence[Field], at: Mapping[str, int], names: Sequence[str]
) -> None:
    by_column: dict[int, str] = {}
    for name, index in at.items():
        if index in by_column:
            raise Unusable(
                _("the column “%(column)s” cannot be both %(first)s and %(second)s")
                % {"column": names[index], "first": by_column[index], "second": name}
            )
        by_column[index] = name
    missing = [one.name for one in fields if one.required and one.name not in at]
    if missing:
        raise Unusable(
            _(
                "no column for %(missing)s; columns: %(columns)s; "
                "say which (--map %(field)s=COLUMN)"
            )
            % {
                "missing": ", ".join(missing),
                "columns": ", ".join(filter(None, names)),
                "field": missing[0],
            }
        )
