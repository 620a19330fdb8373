"""The benches at a thousandth of their size: what they report, never how fast it was."""

from __future__ import annotations

from importlib import import_module
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from django.db import connection
from rich.console import Console

from analytics.directory.rules import SORTS
from benchmarks import (
    directory_pages,
    ledger,
    pgbench,
    rebuild,
    report,
    write_back,
)
from benchmarks.__main__ import BENCHES
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from config.embedded import paths

THOUSANDTH = 0.001
REPORTED = {
    "rebuild": {"rebuild / SQL", "peak memory", "values", "cells that differ"},
    "write_back": {"swap / upsert", "rows not written"},
    "member_list": {"most queries of a page", "p95, all, first page"},
    "ledger": {"plain / redemption", "single / batch", "expiry", "wrong rows"},
    "api": {"redemption, 1 client", "mix, 16 clients", "empty / mix, 4 clients"},
    "replay": {"replay / earning", "replay / SQL", "points that differ from the SQL"},
    "tiers": {"night / SQL by hand", "rows of memberships", "rows that differ"},
    "import_orders": {"import / COPY", "peak memory", "peak / peak of a quarter"},
}
# PostgreSQL rightly reads a table of a few pages from end to end.
OF_SIZE = {"pages with a sequential scan"}


@pytest.fixture
def cluster(transactional_db, tmp_path: Path, monkeypatch) -> Cluster:
    """The session's database in the place of the benches' own, for workers too."""
    held = connection.settings_dict
    url = f"postgres://{held['USER']}@/{held['NAME']}?host={held['HOST']}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr(rebuild, "TRIES", 1)
    monkeypatch.setattr(write_back, "TRIES", 1)
    monkeypatch.setattr(directory_pages, "SORTS", {"last": SORTS["last"]})
    return Cluster(home=tmp_path, places=paths.layout(var=tmp_path / "var"))


def test_every_bench_is_tested():
    assert set(REPORTED) == set(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_bench_reports_and_what_must_be_exact_is(name, cluster):
    bench = import_module(f"benchmarks.{name}")

    result = bench.run(cluster=cluster, share=THOUSANDTH, say=lambda text: None)

    figures = {figure.what: figure for figure in result.figures}
    exact = {what: (f.value, f.note) for what, f in figures.items() if f.hold == 0}
    assert set(figures) >= REPORTED[name]
    assert all(figure.value >= 0 for figure in result.figures)
    assert {w: v for w, v in exact.items() if v[0] and w not in OF_SIZE} == {}


def test_who_gives_and_who_takes_are_two_members(cluster):
    script = f"{ledger.TWO_MEMBERS}\nSELECT 1 / (:a::bigint - :b::bigint);\n"

    tps = pgbench.transactions(
        script, cluster=cluster, clients=1, seconds=1, members=11
    )

    assert tps > 0


def test_a_missed_hold_fails_the_bench_and_is_seen():
    missed = Figure(what="ratio", value=2.6, unit="×", hold=2.5)
    met = Figure(what="cells", value=0, hold=0)
    result = Result(bench="b", title="t", sizes={"rows": 3}, figures=(missed, met))
    text = StringIO()

    report.show(result, console=Console(file=text, width=120))

    assert not result.ok
    assert [figure["ok"] for figure in result.dump()["figures"]] == [False, True]
    assert "MISS" in text.getvalue()


def test_percentile_is_the_smallest_value_that_the_share_does_not_exceed():
    values = [float(n) for n in range(20, 0, -1)]

    assert report.percentile(values, 0.5) == 10
    assert report.percentile(values, 0.95) == 19
    assert report.percentile([7.0], 0.95) == 7


def test_cells_that_differ_are_counted_and_lost_rows_with_all_their_cells(tmp_path):
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    rows = "(VALUES (1, 5, 'a'), (2, NULL, 'b'), (3, 7, 'c'))"
    changed = "(VALUES (1, 5, 'a'), (2, 0, 'x'), (4, 7, 'c'))"
    for path, values in ((one, rows), (other, changed)):
        named = f"SELECT * FROM {values} v(member_id, orders, stage)"
        duckdb.execute(f"COPY ({named}) TO '{path}' (FORMAT parquet)")

    # Member 2 differs in two cells; 3 and 4 are missing on one side, three cells each.
    assert rebuild.differing(one, other) == (3, 8)
