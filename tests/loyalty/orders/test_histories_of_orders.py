"""Random histories of orders and refunds by every road (tests/histories.py)."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests import histories
from tests.loyalty.orders.machine import Orders

USUAL = 25


@pytest.mark.slow
def test_what_comes_back_is_exactly_what_was_given(db):
    before = Orders.steps

    run_state_machine_as_test(
        Orders, settings=histories.chosen(histories=USUAL, steps_each=20)
    )

    assert Orders.steps - before >= histories.count(USUAL)
    print(f"\n{Orders.histories} histories, {Orders.steps - before} steps")
