"""Loads one file of orders, as the command does, and tells how long it took."""

from __future__ import annotations

import time
from pathlib import Path

import django

from benchmarks import workers


def main() -> None:
    django.setup()
    from config.lib import clock  # noqa: PLC0415  needs Django set up
    from members.imports import services as imports  # noqa: PLC0415
    from members.imports.kinds import Options  # noqa: PLC0415

    path = Path(workers.arguments()["path"])
    request = imports.Request(
        kind="orders",
        path=path,
        name=path.name,
        source="bench",
        options=Options(),
        at=clock.now(),
    )
    started = time.perf_counter()
    done = imports.run(request=request, progress=lambda phase, at, total: None)
    workers.answer(
        seconds=time.perf_counter() - started,
        loaded=done.loaded,
        rejected=done.rejected,
    )


if __name__ == "__main__":
    main()
