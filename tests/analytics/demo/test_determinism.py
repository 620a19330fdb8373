"""The same data for the same plan: in another process, in another order, in company."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.demo import facts, tables
from analytics.demo.rules import Plan
from analytics.demo.tables import Context

ROOT = Path(__file__).resolve().parents[3]
PLAN = Plan(members=4_500, months=13, seed=11, end=date(2026, 3, 31))
CONTEXT = Context(
    zone=ZoneInfo("Asia/Shanghai"),
    currency="CNY",
    minor=100,
    stores=range(1, 41),
    first_member=1,
)
NAMES = ("member", "identifier", "consent", "attribute", "label", "orders", "lines")


def digest(plan: Plan, *, blocks: list[int]) -> str:
    """The blocks' rows as Arrow writes them, in the order of the blocks' numbers."""
    texts = {}
    for block in blocks:
        made = tables.block_tables(plan, block=block, context=CONTEXT)
        total = hashlib.sha256()
        for name in NAMES:
            total.update(str(getattr(made, name).to_pydict()).encode())
        texts[block] = total.hexdigest()
    return " ".join(texts[block] for block in sorted(texts))


def digest_elsewhere(hash_seed: str) -> str:
    code = (
        "import runpy; found = runpy.run_path("
        f"{__file__!r}); print(found['digest'](found['PLAN'], blocks=[0, 1, 2]))"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_same_plan_gives_the_same_data_in_any_process():
    here = digest(PLAN, blocks=[0, 1, 2])

    assert digest_elsewhere("0") == here
    assert digest_elsewhere("4242") == here


def test_blocks_do_not_depend_on_the_order_they_are_made_in():
    assert digest(PLAN, blocks=[2, 0, 1]) == digest(PLAN, blocks=[0, 1, 2])


def test_more_members_leave_the_whole_blocks_before_them_alone():
    larger = Plan(members=9_000, months=13, seed=11, end=date(2026, 3, 31))

    assert digest(larger, blocks=[0, 1]) == digest(PLAN, blocks=[0, 1])


@pytest.mark.parametrize(
    "other",
    [
        Plan(members=4_500, months=13, seed=12, end=date(2026, 3, 31)),
        Plan(members=4_500, months=12, seed=11, end=date(2026, 3, 31)),
        Plan(members=4_500, months=13, seed=11, end=date(2026, 4, 1)),
    ],
    ids=["seed", "months", "end"],
)
def test_another_plan_gives_other_data(other):
    assert digest(other, blocks=[0]) != digest(PLAN, blocks=[0])


def test_facts_written_in_pieces_are_those_made_at_once(tmp_path):
    whole = facts.tables(PLAN)

    written = facts.write(PLAN, folder=tmp_path)

    assert written.rows == {
        "members": whole.members.num_rows,
        "orders": whole.orders.num_rows,
        "lines": whole.lines.num_rows,
    }
    read = pa.concat_tables(
        pq.read_table(path, partitioning=None) for path in written.paths["orders"]
    )
    assert read.sort_by("order_id").equals(whole.orders.sort_by("order_id"))


def test_facts_and_the_loaded_rows_tell_the_same_orders():
    made = tables.block_tables(PLAN, block=1, context=CONTEXT)

    fact = facts.block_facts(PLAN, block=1)

    assert fact.orders["amount"].equals(made.orders["amount_minor"])
    assert fact.orders["day"].equals(made.orders["day"])
    assert fact.lines["amount"].equals(made.lines["amount_minor"])
    assert fact.orders["member_id"].equals(made.orders["member_id"])
