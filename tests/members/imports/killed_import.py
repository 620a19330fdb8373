"""Imports a file of orders and ends itself without a word, as `kill -9` does.

python -m tests.members.imports.killed_import FILE PHASE CALL SECONDS: so many seconds
after the progress of the phase (`staging`, `applying`) was told for the CALL-th time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import django

# A fifth of the product's, for small files; `TERN_FULL_SIZE=1` is the product's.
FULL = os.environ.get("TERN_FULL_SIZE") == "1"
SLICE = 50_000 if FULL else 10_000


def main(path: Path, phase: str, call: int, seconds: float) -> None:
    django.setup()
    from config.lib import clock  # noqa: PLC0415  needs Django set up
    from loyalty.orders import loading  # noqa: PLC0415
    from members.imports import services as imports  # noqa: PLC0415
    from members.imports.kinds import Options  # noqa: PLC0415

    loading.SLICE = SLICE
    calls: Counter[str] = Counter()

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def progress(name: str, done: int, total: int) -> None:
        calls[name] += 1
        if (name, calls[name]) == (phase, call):
            threading.Timer(seconds, kill).start() if seconds else kill()

    request = imports.Request(
        kind="orders",
        path=path,
        name=path.name,
        source="shop",
        options=Options(),
        at=clock.parse("2026-03-01T12:00:00+00:00"),
    )
    imports.run(request=request, progress=progress)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
