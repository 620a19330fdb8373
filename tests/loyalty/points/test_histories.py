"""Thousands of random histories: the kernel against naive books. TERN_HISTORIES=5000."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.loyalty.points.machine import Books

HISTORIES = int(os.environ.get("TERN_HISTORIES", "60"))
# Shrinking a failure takes minutes; TERN_HISTORY_SHRINK=0 shows it as it was found.
PHASES = (
    [Phase.generate]
    if os.environ.get("TERN_HISTORY_SHRINK") == "0"
    else [Phase.generate, Phase.shrink]
)
STEPS = int(os.environ.get("TERN_HISTORY_STEPS", "30"))


@pytest.mark.slow
def test_books_equal_the_naive_books_after_every_step(db):
    before = Books.steps

    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=PHASES,
            report_multiple_bugs=False,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert Books.steps - before >= HISTORIES
