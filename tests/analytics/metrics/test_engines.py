"""One definition, two engines: DuckDB and PostgreSQL give the same cells."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import ibis
import pytest
from django.db import connection

from analytics.metrics import queries, registry, state
from analytics.values import rebuild
from tests.analytics.world import Bought, Moved, Person, ask, load, tables

PARAMS: dict[str, list[dict[str, str]]] = {
    "rfm": [
        {"rule": rule, "window": window}
        for rule in ("strict_less", "ntile_id", "percentile")
        for window in ("all", "12m")
    ],
    "repurchase_rate": [
        {"basis": basis} for basis in ("orders", "days", "returning", "all")
    ],
    "lifecycle": [{"churn_days": "90", "loyal_orders": "3"}],
    "clv": [{"kind": "margin", "years": "2.5"}],
}


def some_orders() -> list[Bought]:
    draw = random.Random(7)
    return [
        Bought(
            member=draw.randint(1, 120),
            day=date(2024, 1, 1) + timedelta(days=draw.randint(0, 600)),
            amount=draw.choice([0, 100, 250, 999, 12_345, 10**9]),
            refund=draw.random() < 0.1,
            channel=draw.choice(["web", "app", None]),
            store=draw.choice(["S1", "S2", None]),
            lines=draw.choice([(), (("tea", 50), ("cups", 50)), ((None, 100),)]),
        )
        for _ in range(600)
    ]


def some_points() -> list[Moved]:
    draw = random.Random(11)
    found = []
    for n in range(400):
        cohort = date(2024, 1 + n % 12, 1)
        day = cohort + timedelta(days=draw.randint(0, 400))
        move = draw.choice(["spent", "spent", "expired", "reversed", "activated"])
        found.append(
            Moved(
                day=day,
                points=-draw.randint(1, 300),
                move=move,
                cohort=cohort,
                expires_in=draw.choice([None, date(2025, 1 + n % 12, 1)]),
                source=draw.choice(["purchase", "purchase", "birthday"]),
                pending=draw.random() < 0.2,
            )
        )
        found.append(
            Moved(
                day=cohort + timedelta(days=draw.randint(0, 27)),
                points=draw.randint(300, 900),
                source=draw.choice(["purchase", "purchase", "birthday"]),
                price=draw.randint(0, 99_999),
                value=draw.choice([10_000, 5_000]),
                currency=draw.choice(["points", "points", "stars"]),
            )
        )
    return found


@pytest.fixture
def engines(transactional_db) -> Any:
    found = connection.settings_dict
    postgres = ibis.postgres.connect(
        host=found["HOST"],
        port=int(found["PORT"] or 5432),
        user=found["USER"],
        password=found["PASSWORD"],
        database=found["NAME"],
    )
    yield {"duckdb": ibis.duckdb.connect(), "postgres": postgres}
    postgres.disconnect()


def test_duckdb_and_postgresql_give_equal_cells_for_every_metric(engines):
    people = [Person(200 + n, joined_on=date(2024, 3, n + 1)) for n in range(9)]
    rows = tables(some_orders(), people, some_points())
    duckdb, postgres = (
        load(rows, as_of="2025-06-30", on=engine, temp=True)
        for engine in engines.values()
    )

    for metric in registry.all_metrics():
        for by in (None, *metric.dimensions):
            for params in PARAMS.get(metric.name, [{}]):
                question = {"name": metric.name, "by": by, "params": params}
                assert ask(postgres, **question) == ask(duckdb, **question), question


def test_duckdb_and_postgresql_list_the_same_members(engines):
    rows = tables(some_orders())
    listed = []
    for engine in engines.values():
        facts = load(rows, as_of="2025-06-30", on=engine, temp=True)
        table = queries.members_of(facts=facts, name="value_tiers", cell="high")
        listed.append(queries.member_ids(table))

    assert listed[0] == listed[1]


def test_postgresql_keeps_to_the_scope_as_duckdb_does(engines):
    rows = tables(some_orders(), [Person(n, store="S1") for n in range(1, 40)])

    duckdb, postgres = (
        load(rows, as_of="2025-06-30", scope=frozenset({"S1"}), on=engine, temp=True)
        for engine in engines.values()
    )

    for name in ("spend", "members", "rfm", "cohort_retention", "category_variety"):
        assert ask(postgres, name) == ask(duckdb, name)


def test_duckdb_and_postgresql_compute_the_same_values_of_members(engines):
    rows = tables(some_orders(), [Person(300, joined_on=date(2024, 3, 1))])
    found = []
    for engine in engines.values():
        facts = load(rows, as_of="2025-06-30", on=engine, temp=True)
        values = rebuild.member_values(state.materialised(facts))
        found.append(state.rows(values.order_by("member_id")))

    assert len(found[0]) > 100
    assert found[0] == found[1]
