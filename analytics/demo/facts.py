"""The same retailer as facts, straight to Parquet: for benches, without PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.demo import baskets, catalogue, people, rules
from analytics.demo.arrow import names, table
from analytics.demo.baskets import Block
from analytics.demo.moments import dates
from analytics.demo.rules import Plan

# Orders of a block are numbered within a room of their own.
ROOM: Final = 10_000_000
# Rows are gathered to this many before they are written: row groups DuckDB likes.
GATHERED: Final = 250_000
MINOR: Final = 100


@dataclass(frozen=True, kw_only=True)
class BlockFacts:
    orders: pa.Table
    lines: pa.Table
    members: pa.Table


@dataclass(kw_only=True)
class Written:
    """What `write` wrote: the files of each table and how many rows they hold."""

    paths: dict[str, list[Path]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


def block_facts(plan: Plan, *, block: int) -> BlockFacts:
    """This is one block as the fact tables; members count from 1."""
    made = baskets.block(plan, number=block, minor=MINOR)
    return BlockFacts(
        orders=_orders(plan, made),
        lines=_lines(plan, made),
        members=_members(plan, made),
    )


def tables(plan: Plan) -> BlockFacts:
    """This is the whole plan at once: for sizes that fit in memory."""
    made = [block_facts(plan, block=number) for number in range(plan.blocks)]
    return BlockFacts(
        orders=pa.concat_tables(part.orders for part in made),
        lines=pa.concat_tables(part.lines for part in made),
        members=pa.concat_tables(part.members for part in made),
    )


def write(
    plan: Plan, *, folder: Path, report: Callable[[int, int], None] | None = None
) -> Written:
    """This writes the plan as Parquet below `folder`, one file a table and month.

    Memory holds one block and what is gathered for each open file, not the plan.
    """
    written = Written()
    with _Files(folder=folder, written=written) as files:
        for number in range(plan.blocks):
            part = block_facts(plan, block=number)
            files.add("members", None, part.members)
            for month, orders in _by_month(plan, part.orders):
                files.add("orders", month, orders)
            for month, lines in _by_month(plan, part.lines):
                files.add("lines", month, lines)
            if report is not None:
                report(number + 1, plan.blocks)
    return written


class _Files:
    """Open Parquet writers, one a table and month, each with rows waiting for it."""

    def __init__(self, *, folder: Path, written: Written) -> None:
        self._folder = folder
        self._written = written
        self._writers: dict[Path, pq.ParquetWriter] = {}
        self._waiting: dict[Path, list[pa.Table]] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_error: object) -> None:
        for path in self._waiting:
            self._flush(path)
        for writer in self._writers.values():
            writer.close()

    def add(self, kind: str, month: str | None, rows: pa.Table) -> None:
        place = self._folder / kind
        path = (place / f"month={month}" if month else place) / f"{kind}.parquet"
        if path not in self._waiting:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._written.paths.setdefault(kind, []).append(path)
            self._waiting[path] = []
        waiting = self._waiting[path]
        waiting.append(rows)
        known = self._written.rows.get(kind, 0)
        self._written.rows[kind] = known + rows.num_rows
        if sum(table.num_rows for table in waiting) >= GATHERED:
            self._flush(path)

    def _flush(self, path: Path) -> None:
        waiting = self._waiting[path]
        if not waiting:
            return
        rows = pa.concat_tables(waiting)
        if path not in self._writers:
            self._writers[path] = pq.ParquetWriter(
                path, rows.schema, compression="zstd"
            )
        self._writers[path].write_table(rows)
        self._waiting[path] = []


def _by_month(plan: Plan, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Split rows by the calendar month of their day."""
    days = rows["day"].to_numpy()
    month = days.astype("datetime64[M]")
    order = np.argsort(month, kind="stable")
    bounds = np.flatnonzero(np.diff(month[order].astype(np.int64))) + 1
    for chunk in np.split(order, bounds):
        if len(chunk):
            yield f"{month[chunk[0]]}-01", rows.take(chunk)


def _orders(plan: Plan, made: Block) -> pa.Table:
    trade = made.trade
    return table(
        {
            "order_id": made.number * ROOM + 1 + np.arange(len(trade.member)),
            "member_id": made.number * rules.BLOCK + 1 + trade.member,
            "day": dates(plan, trade.day),
            "is_refund": trade.is_refund,
            "amount": trade.amount,
            "margin": trade.margin,
            "channel": names(catalogue.CHANNELS, trade.channel),
            "store": names(catalogue.STORE_CODES, trade.store),
        }
    )


def _lines(plan: Plan, made: Block) -> pa.Table:
    trade, lines = made.trade, made.trade.lines
    return table(
        {
            "order_id": made.number * ROOM + 1 + lines.order,
            "member_id": made.number * rules.BLOCK + 1 + trade.member[lines.order],
            "day": dates(plan, trade.day[lines.order]),
            "is_refund": trade.is_refund[lines.order],
            "category": names(catalogue.CATEGORY_NAMES, lines.category),
            "sku": names(catalogue.SKUS, lines.sku),
            "quantity": lines.quantity.astype(np.float64),
            "amount": lines.amount,
            "margin": lines.margin,
        }
    )


def _members(plan: Plan, made: Block) -> pa.Table:
    who = made.buyers
    first = made.number * rules.BLOCK
    cards = [people.card(plan.seed, first + n) for n in range(len(who.joined))]
    return table(
        {
            "member_id": first + 1 + np.arange(len(who.joined)),
            "external_id": cards,
            "id_key": [card.zfill(20) for card in cards],
            "joined_on": dates(plan, who.joined),
            "store": names(catalogue.STORE_CODES, who.store),
            "acquisition_channel": names(catalogue.ACQUISITION, who.acquisition),
        }
    )
