"""The tables of the benches' own database: emptied, filled fast, settled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def empty() -> None:
    """Whatever an earlier bench left goes; what migrations seed stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE members_member, members_store, members_changedmember,"
            " members_importbatch, loyalty_changedmonth, analytics_membervalue,"
            " analytics_valuerun RESTART IDENTITY CASCADE"
        )


def checkpoint() -> None:
    """What was written before is no burden of what is measured next."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


@contextmanager
def indexed_after(*names: str) -> Iterator[None]:
    """Drop the indexes no constraint needs, and make them again when all rows are in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)"
            "  FROM pg_index i"
            " WHERE i.indrelid = ANY (%s::regclass[]) AND NOT i.indisprimary"
            "   AND NOT EXISTS (SELECT 1 FROM pg_constraint c"
            "                    WHERE c.conindid = i.indexrelid)",
            [list(names)],
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _name, definition in found:
            cursor.execute(definition)
        for name in names:
            cursor.execute(f"VACUUM (ANALYZE) {name}")
