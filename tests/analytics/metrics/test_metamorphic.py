"""What may not matter does not: order of rows, names, the calendar's place, the coin."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.metrics import registry
from tests.analytics.world import Bought, ask, cdnow, load, tables, world

AS_OF = date(1998, 6, 30)
# Four years with exactly one leap day: the same weekday-free calendar, months as long.
SHIFT = timedelta(days=1461)
NAMES = [metric.name for metric in registry.all_metrics()]
MONEY_KEYS = {"spend", "amount", "gross", "refunds", "aov", "mean"}
MONEY_VALUES = {"spend", "aov", "clv"}


@pytest.fixture(scope="module")
def orders(request: pytest.FixtureRequest) -> list[Bought]:
    from tests.conftest import SHARED_DATA  # noqa: PLC0415  the fixture is per test

    if not SHARED_DATA.is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    kept = [order for order in cdnow(SHARED_DATA) if order.member % 20 == 0]
    draw = random.Random(3)
    back = draw.sample(kept, 100)
    return kept + [
        replace(order, refund=True, amount=order.amount // 2) for order in back
    ]


@pytest.fixture(scope="module")
def answers(orders: list[Bought]) -> dict[str, Any]:
    return answers_of(orders)


def answers_of(orders: list[Bought], as_of: date = AS_OF) -> dict[str, Any]:
    facts = world(orders, as_of=as_of)
    found = {name: ask(facts, name) for name in NAMES}
    found["spend"] = ask(facts, "spend", by="month")
    return found


def test_shuffled_rows_change_nothing(orders, answers):
    shuffled = orders[:]
    random.Random(1).shuffle(shuffled)

    assert answers_of(shuffled) == answers


def test_members_renamed_in_their_order_change_nothing(orders, answers):
    renamed = [replace(order, member=order.member * 3 + 1_000) for order in orders]

    assert answers_of(renamed) == answers


def test_a_file_split_in_two_changes_nothing(orders, answers):
    half = len(orders) // 2
    parts = tables(orders[:half]), tables(orders[half:])
    first, second = parts
    # Ids go on where the first file ended, as they do when two files are imported.
    moved = second["orders"].set_column(
        0, "order_id", [[value.as_py() + half for value in second["orders"][0]]]
    )
    whole = {
        "orders": _joined(first["orders"], moved),
        "lines": first["lines"],
        "members": tables(orders)["members"],
        "points": first["points"],
    }
    facts = load(whole, as_of=AS_OF)

    found = {name: ask(facts, name) for name in NAMES}
    found["spend"] = ask(facts, "spend", by="month")
    assert found == answers


def _joined(first: Any, second: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415  one use

    return pa.concat_tables([first, second.cast(first.schema)])


def test_dates_shifted_by_four_years_shift_dates_and_nothing_else(orders, answers):
    later = [replace(order, day=order.day + SHIFT) for order in orders]

    found = answers_of(later, AS_OF + SHIFT)

    assert _moved_back(found) == answers


def _moved_back(value: Any, key: str = "") -> Any:
    """Days four years back, months and cohorts by name too."""
    if isinstance(value, dict):
        return {name: _moved_back(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved_back(part) for part in value]
    if key in {"as_of", "from", "to", "observed_to"} and value:
        return str(date.fromisoformat(value) - SHIFT)
    if key in {"month", "cohort"} and value:
        return f"{int(value[:4]) - 4}{value[4:]}"
    return value


def test_money_times_seven_is_seven_times_the_money(orders, answers):
    richer = [replace(order, amount=order.amount * 7) for order in orders]

    found = answers_of(richer)

    for name in NAMES:
        _times_seven(found[name], answers[name], name in MONEY_VALUES)


def _times_seven(found: Any, before: Any, money: bool, key: str = "") -> None:
    if isinstance(before, dict):
        assert found.keys() == before.keys()
        for name, value in before.items():
            _times_seven(found[name], value, money, name)
    elif isinstance(before, list):
        assert len(found) == len(before)
        for new, old in zip(found, before, strict=True):
            _times_seven(new, old, money)
    elif (
        isinstance(before, str)
        and _is_money(before)
        and (key in MONEY_KEYS or key in {"numerator", "denominator"} or money)
    ):
        # Means are rounded once each: seven roundings of half a cent apart at most.
        assert abs(Decimal(found) - 7 * Decimal(before)) <= Decimal("0.04")
    elif isinstance(before, float):
        assert found == pytest.approx(before, rel=1e-12)
    else:
        assert found == before


def _is_money(text: str) -> bool:
    head, point, cents = text.partition(".")
    return point == "." and len(cents) == 2 and head.lstrip("-").isdigit()
