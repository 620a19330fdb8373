"""Where random histories begin, and what the naive side of one knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.loyalty.points import model
from tests.loyalty.points.model import Book

# Berlin loses an hour in March and gains one in October; Cairo has no midnight on
# 24 April 2026 and two of them at the end of October.
STARTS = {
    "Europe/Berlin": (
        datetime(2026, 3, 20, 12, tzinfo=UTC),
        datetime(2026, 10, 20, tzinfo=UTC),
    ),
    "Africa/Cairo": (
        datetime(2026, 4, 16, 9, tzinfo=UTC),
        datetime(2026, 10, 23, tzinfo=UTC),
    ),
}
# What a point becomes, and a star.
RATES = {"stars": "0.3", "points": "2.5"}
POLICIES = ("own_then_debt", "own_then_debt", "not_below_zero", "pending_only")
amounts = st.integers(1, 120)
# Of what is there: random numbers alone would nearly always ask for too much.
shares = st.sampled_from([1, 10, 30, 30, 50, 70, 100, 100, 101])
late = st.sampled_from([0, 0, 0, 1, 5, 30, 24 * 6, 24 * 40]).map(
    lambda hours: timedelta(hours=hours)
)
members = st.integers(0, 1)
waits = st.sampled_from([0, 0, 0, 1, 3, None])
ends = st.sampled_from([None, 0, 1, 2, 2, 5, "rule"])
# Points a member begins with: how many, how long ago, when they come and end.
begun = st.lists(st.tuples(amounts, late, waits, ends), min_size=2, max_size=5)
picks = st.integers(0, 1000)
SECOND = timedelta(microseconds=1)


class World:
    """What the naive side knows; copied as one, so that a refusal leaves no trace."""

    def __init__(self) -> None:
        self.books = [Book(), Book()]
        self.stars = [Book(), Book()]
        # (member, line, transfer id), (member, hold, hold id)
        self.earnings: list[tuple[int, model.Line, int]] = []
        self.spendings: list[tuple[int, model.Line, int]] = []
        self.holds: list[tuple[int, model.Hold, int]] = []
