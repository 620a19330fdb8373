"""Small worlds for metrics: rows as tuples, loaded into an engine as facts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from analytics.facts.tables import SCHEMAS, Facts, facts_at
from analytics.metrics import queries
from members.programme.rules import Settings

SETTINGS = Settings()


@dataclass(frozen=True)
class Bought:
    """One order or refund; money in minor units."""

    member: int
    day: date
    amount: int
    refund: bool = False
    channel: str | None = None
    store: str | None = None
    lines: tuple[tuple[str | None, int], ...] = ()


def bought(member: int, day: str, amount: int = 100, **more: Any) -> Bought:
    return Bought(member, date.fromisoformat(day), amount, **more)


def refunded(member: int, day: str, amount: int = 100, **more: Any) -> Bought:
    return Bought(member, date.fromisoformat(day), amount, refund=True, **more)


@dataclass(frozen=True)
class Moved:
    """Points of a cohort that moved on a day; 10 000 millionths are 1 cent of 1.00."""

    day: date
    points: int
    move: str = "earned"
    cohort: date | None = None
    expires_in: date | None = None
    source: str = "purchase"
    pending: bool = False
    price: int = 0
    value: int = 10_000
    currency: str = "points"


def moved(day: str, points: int, move: str = "earned", **more: Any) -> Moved:
    """Months are written as 2025-01."""
    for name in ("cohort", "expires_in"):
        if isinstance(more.get(name), str):
            more[name] = date.fromisoformat(f"{more[name]}-01")
    return Moved(date.fromisoformat(day), points, move, **more)


@dataclass(frozen=True)
class Person:
    member: int
    external_id: str | None = None
    joined_on: date | None = None
    store: str | None = None
    channel: str | None = None


def person(member: int, joined_on: str | None = None, **more: Any) -> Person:
    day = date.fromisoformat(joined_on) if joined_on else None
    return Person(member, joined_on=day, **more)


def id_key(external_id: str) -> str:
    digits = external_id.isascii() and external_id.isdigit()
    return external_id.zfill(20) if digits else external_id


def tables(
    orders: Sequence[Bought],
    people: Iterable[Person] = (),
    points: Sequence[Moved] = (),
) -> dict[str, pa.Table]:
    """Members are those named and those who bought."""
    known = {one.member: one for one in people}
    first: dict[int, date] = {}
    for order in orders:
        known.setdefault(order.member, Person(order.member))
        first[order.member] = min(order.day, first.get(order.member, order.day))
    order_rows = [
        (i, o.member, o.day, o.refund, o.amount, None, o.channel, o.store)
        for i, o in enumerate(orders)
    ]
    line_rows = [
        (i, o.member, o.day, o.refund, category, None, None, amount, None)
        for i, o in enumerate(orders)
        for category, amount in o.lines
    ]
    member_rows = [
        (
            p.member,
            (name := p.external_id or str(p.member)),
            id_key(name),
            p.joined_on or first.get(p.member),
            p.store,
            p.channel,
        )
        for p in known.values()
    ]
    point_rows = [
        (
            p.currency,
            p.day,
            p.cohort or p.day.replace(day=1),
            p.expires_in,
            p.source,
            p.move,
            p.pending,
            p.points,
            1,
            p.price,
            p.value,
        )
        for p in points
    ]
    return {
        name: arrow(name, rows)
        for name, rows in (
            ("orders", order_rows),
            ("lines", line_rows),
            ("members", member_rows),
            ("points", point_rows),
        )
    }


def arrow(name: str, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    schema = SCHEMAS[name].to_pyarrow()
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(column, type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def engine() -> Any:
    return ibis.duckdb.connect()


def load(
    found: dict[str, pa.Table],
    *,
    as_of: str | date,
    settings: Settings = SETTINGS,
    scope: frozenset[str] | None = None,
    on: Any = None,
    temp: bool = False,
) -> Facts:
    con = on or engine()
    suffix = uuid.uuid4().hex[:8]
    made = {
        name: con.create_table(
            f"{name}_{suffix}", table, schema=SCHEMAS[name], temp=temp
        )
        for name, table in found.items()
    }
    day = as_of if isinstance(as_of, date) else date.fromisoformat(as_of)
    return facts_at(**made, as_of=day, settings=settings, scope=scope)


def world(
    orders: Sequence[Bought],
    people: Iterable[Person] = (),
    *,
    as_of: str | date,
    points: Sequence[Moved] = (),
    **more: Any,
) -> Facts:
    return load(tables(orders, people, points), as_of=as_of, **more)


def ask(facts: Facts, name: str, **more: Any) -> dict[str, Any]:
    """One answer as the command prints it; days and numbers may be text."""
    for side in ("start", "end"):
        if isinstance(more.get(side), str):
            more[side] = date.fromisoformat(more[side])
    return queries.answer(facts=facts, name=name, **more).as_json()


def rows(answer: dict[str, Any], key: str, value: str = "value") -> dict[Any, Any]:
    return {row[key]: row[value] for row in answer["rows"]}


def tuned(**changes: Any) -> Settings:
    return replace(SETTINGS, **changes)


def minor(text: str | float) -> int:
    return int((Decimal(str(text)) * 100).to_integral_exact())


def cdnow(data: Path) -> list[Bought]:
    frame = pd.read_csv(data / "cdnow/cdnow_transactions.csv", dtype=str)
    return [
        bought(int(member), day, minor(amount))
        for member, day, amount in zip(
            frame.customer_id, frame.date, frame.amount, strict=True
        )
    ]


def online_retail(data: Path) -> list[Bought]:
    frame = pd.read_csv(
        data / "online_retail/online_retail_orders_2010_2011.csv", dtype=str
    )
    return [
        bought(int(member), at[:10], minor(amount))
        for member, at, amount in zip(
            frame.customer_id, frame.ordered_at, frame.amount, strict=True
        )
    ]


def online_retail_documents(data: Path) -> list[Bought]:
    frame = pd.read_csv(
        data / "online_retail/online_retail_II_documents_2009_2010.csv", dtype=str
    )
    return [
        Bought(
            int(float(member)),
            date.fromisoformat(at[:10]),
            abs(minor(amount)),
            refund=kind != "order",
        )
        for member, at, amount, kind in zip(
            frame.customer_id, frame.ordered_at, frame.amount, frame.kind, strict=True
        )
    ]
