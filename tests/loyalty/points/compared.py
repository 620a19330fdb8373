"""What the kernel says, in the shape of what the naive books say."""

from __future__ import annotations

from datetime import datetime

from tests.loyalty.points.model import Standing


def standing(told) -> Standing:
    return Standing(
        balance=told.balance,
        available=told.available,
        pending=told.pending,
        held=told.held,
        debt=told.debt,
        lots=[(lot.remaining, lot.available_at, lot.expires_at) for lot in told.lots],
    )


def statement(lines) -> list[tuple[datetime, str, int]]:
    """Newest first with a running balance that must add up; then by moment and kind."""
    running = 0
    sums: dict[tuple[datetime, str], int] = {}
    for line in reversed(lines):
        running += line.points
        assert line.running == running, line
        key = (line.occurred_at, line.kind)
        sums[key] = sums.get(key, 0) + line.points
    return sorted((at, kind, points) for (at, kind), points in sums.items())
