"""Arrow tables into PostgreSQL by COPY, through Django's own connection."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
from django.db import connection, models
from psycopg import sql

# Every value quoted and null bare: COPY tells an empty string from none by that.
_WRITTEN = pc.WriteOptions(include_header=False, quoting_style="all_valid")


def copy(cursor: Any, *, model: type[models.Model], rows: pa.Table) -> None:
    """This appends rows to the model's table; their columns are named as its own."""
    if not rows.num_rows:
        return
    buffer = io.BytesIO()
    pc.write_csv(rows, buffer, _WRITTEN)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(map(sql.Identifier, rows.column_names)),
    )
    with cursor.copy(statement) as stream:
        stream.write(buffer.getbuffer())


def ids(cursor: Any, *, model: type[models.Model], count: int) -> list[int]:
    """This draws ids from the model's own sequence."""
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
        [model._meta.db_table, count],
    )
    return [row[0] for row in cursor.fetchall()]


def reserve(*, model: type[models.Model], count: int) -> int:
    """This sets a run of ids aside and returns the first of them.

    Call it in a transaction: it locks the table against inserts, so that no id in
    between is drawn by anybody else.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        name = sql.Identifier(table)
        lock = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(name)
        cursor.execute(lock)
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        first = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
            [table, first + count - 1],
        )
    return first
