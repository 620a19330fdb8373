"""Expressions and helpers for PostgreSQL that know no app."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper


class _Prepared(ServerBindingCursor):
    """Prepares what it executes, without waiting for it to come up often."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().execute(query, params, prepare=True, **kwargs)  # type: ignore[misc]  # the stubs leave out psycopg's class


def trust_if_quiet() -> None:
    """Skip Django's question whether a kept connection still lives, if it is quiet.

    Call it where a request begins to write. A server that has gone leaves word in the
    socket (an end of file, an error), and then Django asks as ever and connects anew.
    """
    held: Any = connection
    if held.connection is None or held.health_check_done:
        return
    heard = select.poll()
    heard.register(held.connection.fileno(), select.POLLIN)
    if not heard.poll(0):
        held.health_check_done = True


@contextmanager
def prepared() -> Iterator[CursorWrapper]:
    """A cursor for the statements that every request of a till runs.

    Django writes values into the text of a statement, so the server reads and plans it
    anew each time: for a posting that is most of the work. Here the text stays the same
    and the plan is kept. The server has to know the types: cast arrays and nulls, and
    do not use it for statements whose best plan depends on the values.
    """
    held: Any = connection  # the stubs leave out what backends use among themselves
    held.close_if_health_check_failed()
    held.ensure_connection()
    with held.wrap_database_errors:
        opened: Any = _Prepared
        cursor = held._prepare_cursor(opened(held.connection))
    with cursor:
        yield cursor


class NumberFromId(models.Func):
    """A prefix and the row's id with at least nine digits, as immutable SQL."""

    arity = 0
    output_field = models.CharField(max_length=20)

    def __init__(self, prefix: str) -> None:
        super().__init__()
        if not prefix.isalpha():
            raise ValueError("a prefix has letters only")
        self.prefix = prefix
        self.template = (
            f"('{prefix}' || lpad(id::text, greatest(9, length(id::text)), '0'))"
        )

    def deconstruct(self) -> tuple[str, tuple[str, ...], dict[str, str]]:
        return "config.lib.db.NumberFromId", (self.prefix,), {}
