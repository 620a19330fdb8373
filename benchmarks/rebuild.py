"""A full rebuild of every member's values against the same by hand in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import retailer, workers
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from benchmarks.retailer import AS_OF, Retailer
from benchmarks.workers import Done

MEMBERS = 1_000_000
# What the issue asks to hold.
RATIO = 2.5
PEAK_MB = 4096.0
TRIES = 2


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = int(MEMBERS * share)
    say(f"making facts of {members:,} members")
    facts = retailer.made(home=cluster.home, members=members)
    outs = {way: cluster.home / f"{way}.parquet" for way in ("hand", "product")}
    tries: dict[str, list[Done]] = {way: [] for way in outs}
    for _try in range(TRIES):
        for way, out in outs.items():
            say(f"rebuilding, way {way}")
            tries[way].append(_rebuilt(facts, way=way, out=out))
    rows, cells = differing(outs["product"], outs["hand"])
    odd = _odd_bounds(tries["product"][0], tries["hand"][0])
    hand, product = (min(d.seconds for d in tries[way]) for way in outs)
    peaks = {way: max(d.peak_mb for d in done) for way, done in tries.items()}
    best = f"best of {TRIES}, facts to a table of values and bounds of scores"
    return Result(
        bench="rebuild",
        title="full rebuild against DuckDB's SQL by hand",
        sizes=facts.rows,
        figures=(
            Figure(what="rebuild", value=product, unit="s", note=best),
            Figure(what="SQL by hand", value=hand, unit="s", note=best),
            Figure(what="rebuild / SQL", value=product / hand, unit="×", hold=RATIO),
            Figure(what="peak memory", value=peaks["product"], unit="MB", hold=PEAK_MB),
            Figure(what="peak memory of SQL", value=peaks["hand"], unit="MB"),
            Figure(what="values", value=rows, note="members with a row"),
            Figure(what="cells that differ", value=cells, hold=0),
            Figure(what="bounds that differ", value=odd, hold=0),
        ),
    )


def _rebuilt(facts: Retailer, *, way: str, out: Path) -> Done:
    paths = {kind: [str(path) for path in paths] for kind, paths in facts.paths.items()}
    return workers.run(
        "benchmarks.rebuilding_worker", way=way, paths=paths, as_of=AS_OF, out=out
    )


def differing(one: Path, other: Path) -> tuple[int, int]:
    """This is the rows of `one`, and the cells in which the files differ; a member
    only one of them has counts with all its cells."""
    with duckdb.connect() as engine:
        described = engine.execute(f"DESCRIBE FROM '{one}'").fetchall()
        names = [name for name, *_rest in described]
        differ = " + ".join(
            f"(a.{name} IS DISTINCT FROM b.{name})::INTEGER" for name in names
        )
        whole = f"""
            SELECT (SELECT count(*) FROM '{one}'),
                   coalesce(sum(CASE WHEN a.member_id IS NULL OR b.member_id IS NULL
                                     THEN {len(names)} ELSE {differ} END), 0)
              FROM '{one}' a FULL JOIN '{other}' b ON a.member_id = b.member_id
        """
        found = engine.execute(whole).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def _odd_bounds(product: Done, hand: Done) -> int:
    mine, other = (_flat(done.answer["bounds"]) for done in (product, hand))
    return sum(mine.get(key) != other.get(key) for key in mine.keys() | other.keys())


def _flat(bounds: dict[str, Any]) -> dict[tuple[str, str], list[int]]:
    return {
        (score, group): edges
        for score, groups in bounds.items()
        for group, edges in groups.items()
    }
