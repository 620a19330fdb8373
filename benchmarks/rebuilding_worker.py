"""Rebuilds all values of a retailer once, by the product or by hand, and keeps them."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import django

from benchmarks import workers


def main() -> None:
    told = workers.arguments()
    rebuild = {"product": by_product, "hand": by_hand}[told["way"]]
    workers.answer(
        **rebuild(
            paths={
                kind: list(map(Path, found)) for kind, found in told["paths"].items()
            },
            as_of=date.fromisoformat(told["as_of"]),
            out=Path(told["out"]),
        )
    )


def by_product(
    *, paths: dict[str, list[Path]], as_of: date, out: Path
) -> dict[str, Any]:
    django.setup()
    from analytics.facts import queries as facts  # noqa: PLC0415  needs Django set up
    from analytics.metrics import state  # noqa: PLC0415
    from analytics.values import rebuild  # noqa: PLC0415
    from members.programme.rules import Settings  # noqa: PLC0415

    settings = Settings()
    started = time.perf_counter()
    with facts.opened_files(paths=paths, as_of=as_of, settings=settings) as found:
        values = state.kept(rebuild.member_values(state.materialised(found)))
        bounds = rebuild.bounds(values, settings=settings)
        seconds = time.perf_counter() - started
        values.to_parquet(out)
    return {"seconds": seconds, "bounds": bounds}


def by_hand(*, paths: dict[str, list[Path]], as_of: date, out: Path) -> dict[str, Any]:
    """No Django here: a script has none."""
    import duckdb  # noqa: PLC0415  the other way has no need

    from benchmarks import by_hand as script  # noqa: PLC0415

    # The first list handed over makes DuckDB import half of Python's data packages.
    duckdb.execute("SELECT $files", {"files": [str(out)]})
    started = time.perf_counter()
    with script.connect(spill=out.parent / "spill") as engine:
        bounds = script.values(engine, paths=paths, as_of=as_of)
        seconds = time.perf_counter() - started
        engine.execute(f"COPY member_values TO '{out}' (FORMAT parquet)")
    return {"seconds": seconds, "bounds": bounds}


if __name__ == "__main__":
    main()
