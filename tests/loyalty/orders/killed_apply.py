"""Applies the programme, four orders a batch, and ends itself as `kill -9` does.

python -m tests.loyalty.orders.killed_apply ORDERS: once so many are committed.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

import django


def main(orders: int) -> None:
    django.setup()
    from loyalty.orders import history  # noqa: PLC0415  needs Django set up

    def report(done: int, total: int) -> None:
        if done == orders:
            os.kill(os.getpid(), signal.SIGKILL)

    history.apply(
        period=history.Period(),
        actor="",
        now=datetime(2026, 3, 1, 12, tzinfo=UTC),
        report=report,
        batch=4,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
