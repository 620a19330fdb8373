"""Runs a night and ends itself without a word after so many batches, as `kill -9` does.

python -m tests.loyalty.points.killed_night AT BATCHES: batches of ten accounts.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime

import django


def main(at: datetime, batches: int) -> None:
    django.setup()
    from loyalty.points import nightly  # noqa: PLC0415  needs Django set up
    from members.programme import queries as programme  # noqa: PLC0415

    settings = programme.settings_at(at=at)
    run = nightly.begin(as_of=nightly.night_of(at=at, settings=settings), at=at)

    def report(done: int) -> None:
        if done == batches * 10:
            os.kill(os.getpid(), signal.SIGKILL)

    nightly.do(
        run=run,
        step="points",
        work=lambda told: nightly.catch_up(now=at, batch=10, report=told),
        report=report,
    )


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]))
