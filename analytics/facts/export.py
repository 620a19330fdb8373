"""From PostgreSQL to Parquet, in one snapshot, months as folders.

Two ways to the same rows: a few months by the index on `day`, everything by a parallel
scan. Both run inside one DuckDB transaction, which is one REPEATABLE READ snapshot of
PostgreSQL on all its connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from analytics.facts import engine
from analytics.facts.enums import FactsKind
from analytics.facts.tables import POINTS

# Reading the whole table in parallel beats so many index scans one after the other.
FEW_MONTHS = 3
# Sorted-by-nothing input keeps a buffer a month and thread: small ones bound memory.
FLUSH_ROWS = 122_880

Report = Callable[[FactsKind], None]


def write(
    *,
    folder: Path,
    months: frozenset[date] | None,
    zone: str,
    report: Report,
) -> None:
    """This writes members, and orders and lines of `months` (None: of all history).

    Files land in folder/<kind>, orders and lines in month=YYYY-MM-DD below it.
    """
    con = engine.connect()
    try:
        engine.attach_database(con)
        con.raw_sql(f"SET partitioned_write_flush_threshold = {FLUSH_ROWS}")
        con.raw_sql("BEGIN")
        for kind, query in (
            (FactsKind.MEMBERS, _members(zone)),
            (FactsKind.ORDERS, _orders(months)),
            (FactsKind.LINES, _lines(months, orders=folder / FactsKind.ORDERS)),
        ):
            report(kind)
            if months == frozenset() and kind != FactsKind.MEMBERS:
                continue
            if kind == FactsKind.LINES and not _any_file(folder / FactsKind.ORDERS):
                continue
            _copy(con, query, folder / kind, by_month=kind != FactsKind.MEMBERS)
        con.raw_sql("COMMIT")
    finally:
        con.disconnect()


def write_points(*, folder: Path) -> None:
    """This writes the roll-up of points, as its last run left it, to folder/points."""
    con = engine.connect()
    try:
        engine.attach_database(con)
        target = folder / FactsKind.POINTS
        target.mkdir()
        con.raw_sql(
            f"COPY (SELECT {', '.join(POINTS.names)} FROM pg.public.loyalty_liabilitycell)"  # noqa: S608  names of our own
            f" TO {engine.quoted(str(target / 'points.parquet'))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
    finally:
        con.disconnect()


def _copy(con: Any, query: str, target: Path, *, by_month: bool) -> None:
    target.mkdir()
    partition = ", PARTITION_BY (month), OVERWRITE_OR_IGNORE" if by_month else ""
    place = target if by_month else target / "members.parquet"
    con.raw_sql(
        f"COPY ({query}) TO {engine.quoted(str(place))} "
        f"(FORMAT parquet, COMPRESSION zstd{partition})"
    )


def _any_file(folder: Path) -> bool:
    return next(folder.glob("*/*.parquet"), None) is not None


def _orders(months: frozenset[date] | None) -> str:
    if _by_scan(months):
        source, chosen = "pg.public.loyalty_order", _month_in(months, "o.day")
    else:
        source, chosen = _postgres(
            f"SELECT * FROM loyalty_order o WHERE {_days(months)}"  # noqa: S608  dates of our own
        )
    # A merged member's orders count for the survivor.
    return f"""
        SELECT o.id AS order_id,
               coalesce(gone.merged_into_id, o.member_id) AS member_id,
               o.day,
               o.kind = 'refund' AS is_refund,
               o.amount_minor AS amount,
               o.margin_minor AS margin,
               nullif(o.channel, '') AS channel,
               s.code AS store,
               date_trunc('month', o.day)::DATE AS month
          FROM {source} AS o
          LEFT JOIN pg.public.members_store AS s ON s.id = o.store_id
          LEFT JOIN (SELECT id, merged_into_id FROM pg.public.members_member
                      WHERE merged_into_id IS NOT NULL) AS gone
            ON gone.id = o.member_id
         WHERE {chosen}
    """  # noqa: S608  identifiers and dates of our own


def _lines(months: frozenset[date] | None, *, orders: Path) -> str:
    source = "pg.public.loyalty_orderline"
    if not _by_scan(months):
        source, _chosen = _postgres(f"""
            SELECT l.* FROM loyalty_orderline l
              JOIN loyalty_order o ON o.id = l.order_id
             WHERE {_days(months)}
        """)  # noqa: S608  as above
    sealed = engine.quoted(f"{orders}/*/*.parquet")
    return f"""
        SELECT l.order_id,
               o.member_id,
               o.day,
               o.is_refund,
               nullif(l.category, '') AS category,
               nullif(l.sku, '') AS sku,
               l.quantity::DOUBLE AS quantity,
               l.amount_minor AS amount,
               l.margin_minor AS margin,
               date_trunc('month', o.day)::DATE AS month
          FROM {source} AS l
          JOIN read_parquet({sealed}, hive_partitioning = false) AS o
            ON o.order_id = l.order_id
    """  # noqa: S608  as above


def _members(zone: str) -> str:
    """This names a member by its first identifier that is no personal data."""
    source, _chosen = _postgres(f"""
        SELECT m.id AS member_id,
               coalesce(i.value, m.number) AS external_id,
               coalesce(
                   m.joined_on,
                   (m.first_order_at AT TIME ZONE {engine.quoted(zone)})::date,
                   (m.created_at AT TIME ZONE {engine.quoted(zone)})::date
               ) AS joined_on,
               s.code AS store,
               nullif(m.acquisition_channel, '') AS acquisition_channel
          FROM members_member m
          LEFT JOIN members_store s ON s.id = m.store_id
          LEFT JOIN (
               SELECT DISTINCT ON (member_id) member_id, value
                 FROM members_identifier
                WHERE type NOT IN ('email', 'phone')
                ORDER BY member_id, id
          ) i ON i.member_id = m.id
         WHERE m.merged_into_id IS NULL
    """)  # noqa: S608  as above
    return f"""
        SELECT member_id,
               external_id,
               CASE WHEN regexp_full_match(external_id, '[0-9]{{1,20}}')
                    THEN lpad(external_id, 20, '0')
                    ELSE external_id END AS id_key,
               joined_on,
               store,
               acquisition_channel
          FROM {source}
    """  # noqa: S608  as above


def _by_scan(months: frozenset[date] | None) -> bool:
    return months is None or len(months) > FEW_MONTHS


def _postgres(query: str) -> tuple[str, str]:
    """This is a query PostgreSQL plans by itself, and no condition beside it."""
    return f"postgres_query('pg', {engine.quoted(query)})", "true"


def _month_in(months: frozenset[date] | None, column: str) -> str:
    if months is None:
        return "true"
    return f"date_trunc('month', {column})::DATE IN ({_listed(months)})"


def _days(months: frozenset[date] | None) -> str:
    spans = (
        f"(o.day >= '{month}' AND o.day < date '{month}' + interval '1 month')"
        for month in sorted(months or ())
    )
    return f"({' OR '.join(spans)})"


def _listed(months: Iterable[date]) -> str:
    return ", ".join(f"DATE '{month}'" for month in sorted(months))
