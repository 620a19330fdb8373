"""Thousands of random histories: the kernel against naive books (tests/histories.py)."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests import histories
from tests.loyalty.points.machine import Books

USUAL = 40


@pytest.mark.slow
def test_books_equal_the_naive_books_after_every_step(db):
    before = Books.steps

    run_state_machine_as_test(
        Books, settings=histories.chosen(histories=USUAL, steps_each=30)
    )

    assert Books.steps - before >= histories.count(USUAL)
    print(f"\n{Books.histories} histories, {Books.steps - before} steps")
