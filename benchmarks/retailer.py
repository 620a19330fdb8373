"""A retailer as facts, made by DuckDB set by set: twenty million orders in a minute.

The demo's simulation tells stories and takes minutes for so many; here only the shape
counts: how orders spread over members and days, and the edges a rebuild must get right.
Everything follows from hashes of the row's number, so equal sizes give equal files.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

AS_OF = date(2026, 6, 30)
DAYS = 5 * 365
MEMORY_LIMIT = "2500MB"

# u(nr, purpose): a number in [0, 1) of the row's own.
UNIFORM = """
CREATE MACRO u(nr, purpose) AS
    hash(nr::BIGINT * 64 + purpose)::DOUBLE / 18446744073709551616.0
"""
# One in ten has an identifier that is no number; a few join after the day.
MEMBERS = """
COPY (
    SELECT member_id, external_id,
           CASE WHEN regexp_full_match(external_id, '[0-9]{{1,20}}')
                THEN lpad(external_id, 20, '0') ELSE external_id END AS id_key,
           (DATE '{start}' + (u(member_id, 1) * {days} * 1.002)::INTEGER)::DATE
               AS joined_on,
           'S' || lpad((u(member_id, 2) * 39 + 1)::INTEGER::VARCHAR, 2, '0') AS store,
           ['web', 'app', 'store', 'friend'][(u(member_id, 3) * 3)::INTEGER + 1]
               AS acquisition_channel
      FROM (SELECT i AS member_id,
                   CASE WHEN i % 10 = 3 THEN 'c-' || i
                        ELSE (i * 7919 % 1000003 * 1000003 + i)::VARCHAR END
                       AS external_id
              FROM range(1, {members} + 1) made(i))
) TO '{folder}/members.parquet' (FORMAT parquet, COMPRESSION zstd)
"""
# Orders a member follow a Lomax distribution of mean twenty: one in twelve never buys,
# few buy hundreds of times. One member in 97 bought before joining, one in 89 goes on
# after the day. Rows lie in the order of days, as tills write them.
ORDERS = """
COPY (
    SELECT row_number() OVER () AS order_id, *,
           date_trunc('month', day)::DATE AS month
      FROM (
        SELECT member_id,
               (joined_on
                 + (pow(u(nr, 5), 2) * greatest(DATE '{as_of}' - joined_on, 0))::INTEGER
                 - CASE WHEN member_id % 97 = 0 THEN 30 ELSE 0 END
                 + CASE WHEN member_id % 89 = 0 THEN 40 ELSE 0 END)::DATE AS day,
               u(nr, 6) < 0.055 AS is_refund,
               (100 + 24000 * -ln(1 - u(nr, 7)) * (0.3 + u(member_id, 8)))::BIGINT
                   AS amount,
               CASE WHEN u(nr, 9) > 0.02 THEN (5000 * u(nr, 10))::BIGINT END AS margin,
               ['web', 'app', 'store', NULL][(u(nr, 11) * 3)::INTEGER + 1] AS channel,
               'S' || lpad((u(nr, 12) * 39 + 1)::INTEGER::VARCHAR, 2, '0') AS store
          FROM (
            SELECT member_id, joined_on, member_id * 8192 + unnest(range(bought)) AS nr
              FROM (
                SELECT member_id, joined_on,
                       least(5000, floor(31 * (pow(1 - u(member_id, 4), -0.4) - 1)))
                           ::BIGINT AS bought
                  FROM read_parquet('{folder}/members.parquet')))
         ORDER BY day, hash(nr))
) TO '{folder}/orders' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))
"""
# A line an order, two for every fourth.
LINES = """
COPY (
    SELECT order_id, member_id, day, is_refund,
           CASE WHEN u(nr, 13) > 0.03
                THEN 'category ' || (11 * pow(u(nr, 14), 1.5))::INTEGER END AS category,
           'sku-' || (u(nr, 15) * 500)::INTEGER AS sku,
           1.0::DOUBLE AS quantity, amount, margin,
           date_trunc('month', day)::DATE AS month
      FROM (
        SELECT *, order_id * 2 AS nr FROM read_parquet('{folder}/orders/*/*.parquet')
         UNION ALL
        SELECT *, order_id * 2 + 1 FROM read_parquet('{folder}/orders/*/*.parquet')
         WHERE order_id % 4 = 0)
) TO '{folder}/lines' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))
"""


@dataclass(frozen=True, kw_only=True)
class Retailer:
    """Files of each fact table, and how many rows they hold."""

    folder: Path
    paths: dict[str, list[Path]]
    rows: dict[str, int]


def made(*, home: Path, members: int) -> Retailer:
    """This makes the retailer, or finds it where an earlier bench made it."""
    folder = home / f"retailer-{members}"
    if not folder.exists():
        draft = home / f"retailer-{members}.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        _write(draft, members)
        draft.rename(folder)
    paths = {
        "members": [folder / "members.parquet"],
        "orders": sorted(folder.glob("orders/*/*.parquet")),
        "lines": sorted(folder.glob("lines/*/*.parquet")),
    }
    rows = {
        kind: sum(int(pq.read_metadata(path).num_rows) for path in found)
        for kind, found in paths.items()
    }
    return Retailer(folder=folder, paths=paths, rows=rows)


def _write(folder: Path, members: int) -> None:
    told = {
        "folder": folder,
        "members": members,
        "as_of": AS_OF,
        "start": AS_OF - timedelta(days=DAYS),
        "days": DAYS,
    }
    with duckdb.connect() as engine:
        engine.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        engine.execute(f"SET temp_directory = '{folder}/spill'")
        # As the product writes its facts: a buffer a month and thread, kept small.
        engine.execute("SET partitioned_write_flush_threshold = 122880")
        engine.execute(UNIFORM)
        for statement in (MEMBERS, ORDERS, LINES):
            engine.execute(statement.format(**told))
    shutil.rmtree(folder / "spill", ignore_errors=True)
