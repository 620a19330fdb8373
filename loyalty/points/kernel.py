"""Calls of the kernel in `loyalty/migrations/sql/`: one statement an operation.

Inside a transaction it runs in a savepoint, so a refusal leaves the rest standing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction

from config.lib.db import prepared
from loyalty.points import errors

REFUSED = "TN409"
_JSONB = 3802
ONE_REFERENCE = "transfer_reference"


def digest(payload: Mapping[str, Any]) -> str:
    """This tells a repeat of a business key from another use of it."""
    text = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Of:
    """A member's account of one currency, as an argument; made when it is not there."""

    member_id: int
    currency: str


def call(function: str, **values: Any) -> dict[str, Any]:
    """Run a kernel function with its parameters by name; return its one row.

    Parameters are single values: their types follow from the function's, and the call
    is prepared once a connection. Raises the refusal the kernel names.
    """
    told: dict[str, Any] = {}
    words = []
    for name, value in values.items():
        if isinstance(value, Of):
            told[f"{name}_m"], told[f"{name}_c"] = value.member_id, value.currency
            words.append(f"p_{name} => points_account(%({name}_m)s, %({name}_c)s)")
        else:
            told[name] = value
            words.append(f"p_{name} => %({name})s")
    sql = f"SELECT * FROM {function}({', '.join(words)})"  # noqa: S608  our names only
    return run_prepared(sql, told)[0]


_alone: ContextVar[bool] = ContextVar("points_alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """A refusal in here ends the whole transaction, so it needs no savepoint.

    For callers that do one operation, catch no refusal and are rolled back by one: a
    savepoint is two of the dozen statements that a till waits for.
    """
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


@contextmanager
def together() -> Iterator[None]:
    """One transaction, with a savepoint of its own unless `alone` says it needs none."""
    with transaction.atomic(savepoint=not _alone.get()):
        yield


@contextmanager
def guarded() -> Iterator[None]:
    """Inside `alone`, for a part whose refusals are caught: savepoints as ever."""
    token = _alone.set(False)
    try:
        yield
    finally:
        _alone.reset(token)


def run(sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a statement that is planned for its values: arrays of any length."""
    return _rows(connection.cursor, sql, values)


def run_prepared(sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a statement whose plan is kept; see `config.lib.db.prepared`."""
    return _rows(prepared, sql, values)


def _rows(
    opened: Callable[[], AbstractContextManager[Any]],
    sql: str,
    values: Mapping[str, Any],
) -> list[dict[str, Any]]:
    inside = connection.in_atomic_block and not _alone.get()
    savepoint = transaction.atomic() if inside else nullcontext()
    try:
        with savepoint, opened() as cursor:
            cursor.execute(sql, values)
            columns = [
                (one.name, one.type_code == _JSONB) for one in cursor.description
            ]
            rows = cursor.fetchall()
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from None
    # Django leaves jsonb of plain cursors as text, for its own fields to read.
    return [
        {
            name: json.loads(cell) if is_json and cell is not None else cell
            for (name, is_json), cell in zip(columns, row, strict=True)
        }
        for row in rows
    ]


def refusal_of(error: DatabaseError) -> errors.PointsRefused | None:
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return None
    if cause.diag.constraint_name == ONE_REFERENCE:
        # Somebody else posted it to another account in the same moment.
        return errors.ReferenceConflict()
    if cause.sqlstate != REFUSED:
        return None
    code = cause.diag.message_primary or ""
    facts = json.loads(cause.diag.message_detail or "{}")
    return errors.BY_CODE[code](**facts)
