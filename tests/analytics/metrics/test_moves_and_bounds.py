from __future__ import annotations

from analytics.metrics import rfm
from tests.analytics.world import ask, bought, person, world


def test_moves_tell_who_changed_stage_between_two_days():
    facts = world(
        [
            bought(1, "2025-01-10"),  # one order in January, a second in March
            bought(1, "2025-03-10"),
            bought(2, "2025-01-10"),  # one order and no more
            bought(3, "2025-03-20"),  # not known in January
        ],
        [person(4, "2025-01-01")],  # never buys
        as_of="2025-03-31",
    )

    found = ask(facts, "lifecycle_moves", start="2025-01-31", end="2025-03-31")

    assert {
        (row["from_stage"], row["to_stage"]): row["members"]
        for row in found["rows"]
        if row["members"]
    } == {
        ("first", "repeat"): 1,
        ("first", "first"): 1,
        ("entered", "first"): 1,
        ("prospect", "prospect"): 1,
    }
    assert (found["value"], found["stayed"], found["entered"]) == (1, 2, 1)


def test_bounds_of_scores_are_the_measures_at_their_edges():
    days = ["2025-01-01", "2025-01-11", "2025-01-21", "2025-01-26", "2025-01-31"]
    orders = [bought(n, day, 100 * (n + 1)) for n, day in enumerate(days)]
    facts = world(orders, as_of="2025-01-31")

    found = rfm.bounds(facts, window="all", rule="strict_less")

    assert found["r"] == {
        "1": [30, 30],
        "2": [20, 20],
        "3": [10, 10],
        "4": [5, 5],
        "5": [0, 0],
    }
    assert found["f"] == {"1": [1, 1]}
    assert found["m"] == {str(n): [100 * n, 100 * n] for n in range(1, 6)}
