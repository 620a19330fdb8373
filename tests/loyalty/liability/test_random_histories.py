"""Random histories: every day of the roll-forward against the naive books."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from config.lib import periods
from loyalty.liability import queries, services
from loyalty.liability.models import LiabilityDay
from tests.loyalty.points.machine import Books
from tests.loyalty.points.model import Book

HISTORIES = int(os.environ.get("TERN_HISTORIES", "20"))
STEPS = int(os.environ.get("TERN_HISTORY_STEPS", "25"))
INSTANT = timedelta(microseconds=1)
COLUMNS = {
    "earn": "earned",
    "event": "earned",
    "reverse": "reversed",
    "redeem": "spent",
    "restore": "restored",
    "expire": "expired",
    "unexpire": "expired",
    "adjust": "adjusted",
    "write_off": "written_off",
    "transfer": "transferred",
    "convert": "converted",
}


class Rolled(Books):
    """The machine of the ledger; at its end the books are rolled up and compared."""

    days = 0

    def teardown(self) -> None:
        try:
            if hasattr(self, "settings"):
                self._compared()
        finally:
            super().teardown()

    def equal(self) -> None:
        """The ledger's own tests compare every step; here only the end counts."""

    def _compared(self) -> None:
        run = services.rebuild(at=self.now, settings=self.settings)
        assert run.closes, run.broken
        both = (("points", self.world.books), ("stars", self.world.stars))
        for currency, books in both:
            for book in books:
                book.advance(self.now)
            self._rolled(currency, books)

    def _rolled(self, currency: str, books: list[Book]) -> None:
        zone = self.settings.zone
        moved: dict[object, Counter[str]] = defaultdict(Counter)
        for book in books:
            for line in book.lines:
                day = periods.day_of(line.at, zone)
                moved[day][COLUMNS[line.kind]] += line.points
        closing = 0
        rows = list(LiabilityDay.objects.filter(currency=currency).order_by("day"))
        for row in rows:
            type(self).days += 1
            told = moved.pop(row.day, Counter())
            assert told.pop("transferred", 0) == 0
            for name in set(COLUMNS.values()) - {"transferred"}:
                assert getattr(row, name) == told[name], (row.day, name)
            assert row.opening == closing
            closing += sum(told.values())
            assert row.closing == closing
            self._standing(row, books)
        assert not any(any(told.values()) for told in moved.values()), moved
        if rows:
            self._ends(rows[-1].day, currency, books)

    def _standing(self, row, books: list[Book]) -> None:
        """What lay in lots and was owed, as it was posted; `then` would let a debt be
        paid that was told later, which moves nothing between the sum of the two."""
        at = min(periods.day_end(row.day, self.settings.zone) - INSTANT, self.now)
        active = pending = owed = 0
        for book in books:
            for lot in book.lots:
                if lot.given_at <= at:
                    free = lot.available_at is not None and lot.available_at <= at
                    active += lot.left(at) if free else 0
                    pending += 0 if free else lot.left(at)
            for debt in book.debts:
                if debt.incurred_at <= at:
                    paid = sum(move.points for move in debt.paid if move.at <= at)
                    owed += debt.points - paid
        standings = [book.then(at, self.now) for book in books]
        found = (row.active, row.pending, row.debt, row.held)
        held = sum(one.held for one in standings)
        assert found == (active, pending, owed, held), row.day
        net = sum(one.balance + one.pending - one.debt for one in standings)
        assert row.closing == net, row.day

    def _ends(self, day, currency: str, books: list[Book]) -> None:
        zone = self.settings.zone
        naive: Counter[object] = Counter()
        for book in books:
            for lot in book.lots:
                ends = lot.expires_at and periods.day_of(lot.expires_at - INSTANT, zone)
                naive[ends and ends.replace(day=1)] += lot.left(self.now)
        found: Counter[object] = Counter()
        for one in queries.open_points(currency=currency, at_end_of=day):
            found[one.expires_in] += one.points
        assert +found == +naive


@pytest.mark.slow
def test_every_day_of_random_histories_equals_the_naive_books(db):
    before = Rolled.days

    run_state_machine_as_test(
        Rolled,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert Rolled.days - before >= HISTORIES
