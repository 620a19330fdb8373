"""The rival of the rebuild: the same values in DuckDB's SQL, written by hand.

As somebody would who knows the engine and wants this one answer: the facts are read
once each, the state is kept, scores are windows over the buyers. Recency is one number
a member, so r is ranked by the last day itself. What it says follows the definitions
D4, D5 and D8 under the programme's default settings, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import retailer

STATE = """
CREATE TEMP TABLE member_state AS
WITH sums AS (
    SELECT member_id,
           count(*) FILTER (NOT is_refund) AS orders,
           count(*) FILTER (is_refund) AS refunds,
           coalesce(sum(amount) FILTER (NOT is_refund), 0)::BIGINT AS gross_minor,
           coalesce(sum(amount) FILTER (is_refund), 0)::BIGINT AS refunded_minor,
           count(*) FILTER (NOT is_refund AND day >= $year_from) AS orders_12m,
           (coalesce(sum(amount) FILTER (NOT is_refund AND day >= $year_from), 0)
             - coalesce(sum(amount) FILTER (is_refund AND day >= $year_from), 0))::BIGINT
               AS spend_12m_minor,
           min(day) FILTER (NOT is_refund) AS first_on,
           max(day) FILTER (NOT is_refund) AS last_on,
           min(day) AS seen_on
      FROM read_parquet($orders, hive_partitioning = false) WHERE day <= $as_of GROUP BY member_id
), variety AS (
    SELECT member_id, count(*) AS categories
      FROM (SELECT DISTINCT member_id, category FROM read_parquet($lines, hive_partitioning = false)
             WHERE NOT is_refund AND category IS NOT NULL AND day <= $as_of)
     GROUP BY member_id
)
SELECT m.member_id, m.external_id, m.id_key,
       CASE WHEN m.joined_on <= $as_of THEN m.joined_on ELSE s.seen_on END AS joined_on,
       coalesce(s.orders, 0) AS orders,
       coalesce(s.refunds, 0) AS refunds,
       coalesce(s.gross_minor, 0) AS gross_minor,
       coalesce(s.refunded_minor, 0) AS refunded_minor,
       coalesce(s.gross_minor - s.refunded_minor, 0) AS spend_minor,
       coalesce(s.orders_12m, 0) AS orders_12m,
       coalesce(s.spend_12m_minor, 0) AS spend_12m_minor,
       coalesce(v.categories, 0) AS categories,
       s.first_on, s.last_on, $as_of - s.last_on AS recency_days
  FROM read_parquet($members) m
  LEFT JOIN sums s USING (member_id)
  LEFT JOIN variety v USING (member_id)
 WHERE m.joined_on <= $as_of OR s.seen_on IS NOT NULL
"""
VALUES = """
CREATE TEMP TABLE member_values AS
WITH buyers AS (
    SELECT member_id,
           count(*) OVER () AS n,
           rank() OVER (ORDER BY last_on) - 1 AS worse_r,
           rank() OVER (ORDER BY orders) - 1 AS worse_f,
           rank() OVER (ORDER BY spend_minor) - 1 AS worse_m,
           row_number() OVER (ORDER BY spend_minor DESC, id_key, member_id) - 1 AS place
      FROM member_state WHERE orders > 0
), scored AS (
    SELECT member_id,
           (1 + 5 * worse_r // n)::SMALLINT AS r,
           (1 + 5 * worse_f // n)::SMALLINT AS f,
           (1 + 5 * worse_m // n)::SMALLINT AS m,
           CASE WHEN place * 5 < n THEN 'high'
                WHEN place * 2 < n THEN 'middle' ELSE 'low' END AS value_tier
      FROM buyers
)
SELECT s.member_id, external_id, joined_on, orders, refunds, gross_minor,
       refunded_minor, spend_minor, orders_12m, spend_12m_minor, categories, first_on,
       last_on, recency_days, r, f, m, r || '' || f || m AS cell,
       CASE WHEN orders = 0 THEN 'prospect'
            WHEN recency_days > 180 THEN 'churned'
            WHEN orders >= 4 THEN 'loyal'
            WHEN orders >= 2 THEN 'repeat' ELSE 'first' END AS stage,
       value_tier
  FROM member_state s LEFT JOIN scored USING (member_id)
"""
BOUNDS = """
SELECT {score}::VARCHAR, min({measure}), max({measure})
  FROM member_values WHERE {score} IS NOT NULL GROUP BY {score} ORDER BY {score}
"""
MEASURES = {"r": "recency_days", "f": "orders", "m": "spend_minor"}


def values(
    engine: duckdb.DuckDBPyConnection,
    *,
    paths: Mapping[str, Sequence[Path]],
    as_of: date,
) -> dict[str, Any]:
    """This leaves the table `member_values` and returns the bounds of the scores."""
    files = {kind: [str(path) for path in found] for kind, found in paths.items()}
    year_from = date(as_of.year - 1, as_of.month, as_of.day).toordinal() + 1
    engine.execute(
        STATE, {**files, "as_of": as_of, "year_from": date.fromordinal(year_from)}
    )
    engine.execute(VALUES)
    return {
        score: {
            name: [least, most]
            for name, least, most in engine.execute(
                BOUNDS.format(score=score, measure=measure)
            ).fetchall()
        }
        for score, measure in MEASURES.items()
    }


def connect(*, spill: Path) -> duckdb.DuckDBPyConnection:
    """This is an engine with the settings of the product's own."""
    engine = duckdb.connect()
    engine.execute(f"SET memory_limit = '{retailer.MEMORY_LIMIT}'")
    engine.execute(f"SET temp_directory = '{spill}'")
    engine.execute("SET preserve_insertion_order = false")
    return engine


def kept_values(*, home: Path, members: int) -> Path:
    """This is the values of a retailer of so many members as a file."""
    made = retailer.made(home=home, members=members)
    place = made.folder / "values.parquet"
    if not place.exists():
        with connect(spill=home / "spill") as engine:
            values(engine, paths=made.paths, as_of=retailer.AS_OF)
            engine.execute(f"COPY member_values TO '{place}' (FORMAT parquet)")
    return place
