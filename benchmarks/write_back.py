"""Writing all values back: a new table renamed in, against upserts into the old one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import ibis
from django.db import connection
from ibis.expr import types as ir

from analytics.facts import engine
from analytics.values import table
from analytics.values.models import MemberValue
from benchmarks import by_hand, tables
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result

MEMBERS = 1_000_000
RATIO = 0.6
TRIES = 2
STAGED = "bench_staged"


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = int(MEMBERS * share)
    say(f"making values of {members:,} members")
    kept = by_hand.kept_values(home=cluster.home, members=members)
    tables.empty()
    write(kept, number=1)
    rows = MemberValue.objects.count()
    upserts, swaps = [], []
    for attempt in range(TRIES):
        say("upserting all rows, then swapping a new table in")
        upserts.append(_timed(upsert, kept, 2 * attempt + 2))
        swaps.append(_timed(write, kept, 2 * attempt + 3))
    written = MemberValue.objects.filter(run_id=2 * TRIES + 1).count()
    tables.empty()
    swap, blind = min(swaps), min(upserts)
    return Result(
        bench="write_back",
        title="write-back of values against a blind upsert",
        sizes={"rows": rows},
        figures=(
            Figure(
                what="COPY, index, swap",
                value=swap,
                unit="s",
                note=f"vacuumed and analysed, as the product does it; best of {TRIES}",
            ),
            Figure(
                what="upsert",
                value=blind,
                unit="s",
                note=f"COPY to an unlogged table, then ON CONFLICT; best of {TRIES}",
            ),
            Figure(what="swap / upsert", value=swap / blind, unit="×", hold=RATIO),
            Figure(what="rows not written", value=rows - written, hold=0),
        ),
    )


def _timed(way: Callable[..., None], kept: Path, number: int) -> float:
    tables.checkpoint()
    started = time.perf_counter()
    way(kept, number=number)
    return time.perf_counter() - started


def write(kept: Path, *, number: int) -> None:
    """This is the product's way, from a table of the engine on."""
    con = engine.connect()
    try:
        table.load(_values(con, kept, number))
    finally:
        con.disconnect()
    table.index()
    table.swap()


def upsert(kept: Path, *, number: int) -> None:
    """This is the usual way: every row into the table in use, changed or not."""
    live = MemberValue._meta.db_table
    names = [str(field.column) for field in MemberValue._meta.concrete_fields]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    con = engine.connect()
    try:
        values = _values(con, kept, number)
        batches = table.as_declared(
            values.to_pyarrow_batches(chunk_size=table.BATCH_ROWS)
        )
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE UNLOGGED TABLE {STAGED} (LIKE {live})")
        with adbc.connect(engine.conninfo()) as own, own.cursor() as cursor:
            cursor.adbc_ingest(STAGED, batches, mode="append")
            own.commit()
    finally:
        con.disconnect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {live} ({', '.join(names)})"
            f" SELECT {', '.join(names)} FROM {STAGED}"
            f" ON CONFLICT (member_id) DO UPDATE SET {changes}"
        )
        cursor.execute(f"DROP TABLE {STAGED}")


def _values(con: ibis.BaseBackend, kept: Path, number: int) -> ir.Table:
    values: ir.Table = con.read_parquet(str(kept), table_name="kept")
    return values.mutate(run_id=ibis.literal(number, type="int64"))
