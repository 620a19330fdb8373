"""Loads a demo and ends itself without a word, as `kill -9` does.

python -m tests.analytics.demo.killed_load MEMBERS BLOCKS SECONDS: so many seconds after
so many blocks are committed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime

import django


def main(members: int, blocks: int, seconds: float) -> None:
    django.setup()
    from analytics.demo import services as demo  # noqa: PLC0415  needs Django set up

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def report(done: int, total: int) -> None:
        if done == blocks:
            threading.Timer(seconds, kill).start() if seconds else kill()

    demo.load(
        members=members,
        months=3,
        seed=5,
        end=None,
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        report=report,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
