"""An import of orders against plain COPY of the rows it made, into the same table."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from django.db import connection

from analytics.demo import facts
from analytics.demo.rules import Plan
from benchmarks import tables, workers
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from benchmarks.workers import Done

ORDERS = 1_000_000
# The aim of the issue.
RATIO = 5.0
# Peak memory of a file against that of one a quarter its size: flat, allowing for
# noise of the allocator.
FLAT = 1.15
COPIES = 2
# Orders earn in the transaction that writes them: the rows of the books count too.
TABLES = (
    "loyalty_order",
    "loyalty_orderline",
    "loyalty_account",
    "loyalty_transfer",
    "loyalty_lot",
    "loyalty_allocation",
)
AS_EXPORTED = """
SELECT order_id, member_id AS member,
       strftime(day, '%Y-%m-%d')
           || printf('T%02d:%02d:00', 9 + order_id % 12, order_id % 60) AS ordered_at,
       printf('%d.%02d', amount // 100, amount % 100) AS amount,
       CASE WHEN is_refund THEN 'refund' ELSE 'order' END AS kind, channel, store
  FROM made
"""


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    orders = int(ORDERS * share)
    say(f"making files of {orders:,} and {orders // 4:,} orders")
    rows = _rows(orders)
    tables.empty()
    members = _members(rows)
    say(f"importing {orders // 4:,} orders")
    small = _import(rows.slice(0, orders // 4), cluster.home / "quarter.csv")
    _empty()
    say(f"importing {orders:,} orders")
    whole = _import(rows, cluster.home / "whole.csv")
    say("plain COPY of the same rows")
    copied = _copied(cluster.home)
    return Result(
        bench="import_orders",
        title="import_orders against COPY of the same rows",
        sizes={"orders": orders, "members": members},
        figures=(
            Figure(what="import", value=whole.seconds, unit="s"),
            Figure(
                what="plain COPY",
                value=copied,
                unit="s",
                note=f"same table, indexes and keys; best of {COPIES}",
            ),
            Figure(
                what="import / COPY", value=whole.seconds / copied, unit="×", hold=RATIO
            ),
            Figure(what="orders a second", value=orders / whole.seconds),
            Figure(what="peak memory", value=whole.peak_mb, unit="MB"),
            Figure(
                what="peak memory, a quarter",
                value=small.peak_mb,
                unit="MB",
                note=f"{orders // 4:,} orders",
            ),
            Figure(
                what="peak / peak of a quarter",
                value=whole.peak_mb / small.peak_mb,
                unit="×",
                hold=FLAT,
                note="flat in file size",
            ),
        ),
    )


def _rows(orders: int) -> pa.Table:
    """The retailer's orders and refunds as a till would export them."""
    plan = Plan(members=orders // 8 + 500, months=24, seed=1, end=date(2026, 6, 30))
    made: list[pa.Table] = []
    count = 0
    for block in range(plan.blocks):
        made.append(facts.block_facts(plan, block=block).orders)
        count += made[-1].num_rows
        if count >= orders:
            break
    table = pa.concat_tables(made).slice(0, orders)
    assert table.num_rows == orders, f"the plan has {table.num_rows} orders only"
    with duckdb.connect() as engine:
        engine.register("made", table)
        return engine.execute(AS_EXPORTED).to_arrow_table()


def _members(rows: pa.Table) -> int:
    """Put the members there: the bench is about orders, not about making people."""
    ids = pc.unique(rows["member"]).to_pylist()
    at = datetime(2026, 7, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO members_member (name, name_key, language, time_zone,
                       acquisition_channel, source, created_at, updated_at)
                SELECT v, '', '', '', '', 'bench', %s, %s FROM unnest(%s::text[]) v
                RETURNING id, name)
            INSERT INTO members_identifier (member_id, type, value, source, created_at)
            SELECT id, 'bench', name, 'bench', %s FROM made
            """,
            [at, at, [str(number) for number in ids], at],
        )
        cursor.execute("ANALYZE members_member, members_identifier")
    return len(ids)


def _import(rows: pa.Table, path: Path) -> Done:
    csv.write_csv(rows, path)
    done = workers.run("benchmarks.importing_worker", path=path)
    found = (done.answer["loaded"], done.answer["rejected"])
    assert found == (rows.num_rows, 0), f"loaded and rejected are {found}"
    path.unlink()
    return done


def _empty() -> None:
    """Truncated, so that every measurement starts from the same empty table."""
    with connection.cursor() as cursor:
        marks = "loyalty_changedmonth, members_changedmember"
        cursor.execute(f"TRUNCATE {', '.join(TABLES)}, {marks} CASCADE")
        cursor.execute(
            "UPDATE members_member SET first_order_at = NULL, last_order_at = NULL"
        )
        cursor.execute("VACUUM ANALYZE members_member")
        cursor.execute("CHECKPOINT")


def _copied(home: Path) -> float:
    """Write out what the import left and COPY it back into the emptied tables."""
    files = {table: home / f"{table}.copy" for table in TABLES}
    for table, path in files.items():
        _dump(table, path)
    best = min(_copy_back(files) for _repeat in range(COPIES))
    for path in files.values():
        path.unlink()
    tables.empty()
    return best


def _dump(table: str, path: Path) -> None:
    """This writes the table as COPY text."""
    with (
        connection.cursor() as cursor,
        path.open("wb") as file,
        cursor.copy(f"COPY {table} TO STDOUT") as stream,
    ):
        for piece in stream:
            file.write(piece)


def _copy_back(files: dict[str, Path]) -> float:
    _empty()
    seconds = 0.0
    for table, path in files.items():
        if not path.stat().st_size:
            continue
        started = time.perf_counter()
        with (
            connection.cursor() as cursor,
            path.open("rb") as file,
            cursor.copy(f"COPY {table} FROM STDIN") as stream,
        ):
            while piece := file.read(1 << 20):
                stream.write(piece)
        seconds += time.perf_counter() - started
    return seconds
