"""Each metric on a world small enough to count on fingers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.metrics import queries, registry, state
from tests.analytics.world import (
    ask,
    bought,
    person,
    refunded,
    rows,
    tuned,
    world,
)

# Ana buys thrice, Bo twice on one day, Cy once, Di only returns, Ed never bought.
SHOP = [
    bought(1, "2025-01-10", 1000, channel="web", lines=(("tea", 600), ("cups", 400))),
    bought(1, "2025-02-10", 500, channel="app", lines=(("tea", 500),)),
    bought(1, "2025-06-30", 1500, channel="web"),
    bought(2, "2025-02-01", 300, channel="web", store="S1"),
    bought(2, "2025-02-01", 200, channel="web", store="S1"),
    bought(3, "2025-03-31", 700, store="S2"),
    refunded(1, "2025-03-01", 250, channel="web"),
    refunded(4, "2025-01-05", 100),
]
PEOPLE = [person(5, "2025-05-01", store="S1", channel="friend")]


@pytest.fixture
def shop():
    return world(SHOP, PEOPLE, as_of="2025-06-30")


def test_lifecycle_recency_equal_to_the_limit_is_not_churned():
    facts = world(
        [bought(1, "2025-01-01"), bought(2, "2024-12-31")], as_of="2025-06-30"
    )

    stages = rows(ask(facts, "lifecycle"), "stage")

    assert (stages["first"], stages["churned"]) == (1, 1)


def test_lifecycle_counts_everybody_in_one_of_five_stages(shop):
    answer = ask(shop, "lifecycle", params={"churn_days": "90", "loyal_orders": "3"})

    assert rows(answer, "stage") == {
        "prospect": 2,
        "first": 0,
        "repeat": 0,
        "loyal": 1,
        "churned": 2,
    }


def test_lifecycle_defaults_are_the_programmes():
    facts = world(
        [bought(1, "2025-01-01")], as_of="2025-01-31", settings=tuned(churn_days=7)
    )

    assert rows(ask(facts, "lifecycle"), "stage")["churned"] == 1


# A = 31 March, B = 30 June, active within 30 days.
MOVES = [
    bought(1, "2025-03-15"),  # stays: active at both
    bought(1, "2025-06-15"),
    bought(2, "2025-03-02"),  # lost; (A - 30, A] starts on 2 March
    bought(3, "2025-01-01"),  # comes back
    bought(3, "2025-06-01"),
    bought(4, "2025-06-30"),  # new and active
    bought(5, "2025-04-15"),  # new, not active any more
    bought(6, "2025-03-01"),  # a day too early to be active at A
]


@pytest.mark.parametrize(
    ("name", "value"),
    [("retention_rate", 1 / 2), ("churn_rate", 1 / 2), ("crr", 1 / 2)],
)
def test_retention_of_a_quarter(name, value):
    facts = world(MOVES, as_of="2025-06-30")

    answer = ask(
        facts, name, params={"days": "30"}, start="2025-03-31", end="2025-06-30"
    )

    counted = {
        key: answer[key] for key in ("start", "end", "new", "kept", "lost", "came_back")
    }
    assert answer["value"] == value
    assert counted == {
        "start": 2,
        "end": 3,
        "new": 2,
        "kept": 1,
        "lost": 1,
        "came_back": 1,
    }


def test_crr_above_one_is_not_clipped():
    # S11's shape: who came back makes the printed formula pass 100 %.
    facts = world(
        [
            bought(1, "2025-03-15"),
            bought(1, "2025-06-15"),
            bought(2, "2025-01-01"),
            bought(2, "2025-06-15"),
        ],
        as_of="2025-06-30",
    )

    answer = ask(facts, "crr", params={"days": "30"}, start="2025-03-31")

    assert (answer["value"], answer["came_back"]) == (2.0, 1)


def test_retention_without_anybody_at_the_start_is_undefined():
    facts = world([bought(1, "2025-06-15")], as_of="2025-06-30")

    answer = ask(facts, "retention_rate", params={"days": "30"}, start="2025-03-31")

    assert (answer["value"], answer["n"]) == (None, 0)


def test_clv_is_order_value_times_frequency_times_years():
    # Two buyers, four orders each of 100.00: the articles' high row.
    orders = [
        bought(member, f"2025-0{month}-01", 10_000)
        for member in (1, 2)
        for month in (1, 2, 3, 4)
    ]
    facts = world(orders, as_of="2025-06-30")

    turnover = ask(facts, "clv", params={"years": "5"})
    margin = ask(facts, "clv", params={"years": "5", "margin": "0.3"})

    assert (turnover["value"], turnover["aov"], turnover["frequency"]) == (
        "2000.00",
        "100.00",
        4.0,
    )
    assert (margin["value"], margin["params"]["kind"]) == ("600.00", "margin")


def test_clv_of_kind_margin_uses_the_programmes_margin():
    facts = world([bought(1, "2025-01-01", 1000)], as_of="2025-06-30")

    # 10.00 x 1 x 3 years x 0.3
    assert ask(facts, "clv", params={"kind": "margin"})["value"] == "9.00"


def test_value_tiers_break_ties_by_id():
    facts = world(
        [bought(m, "2025-01-01", 100) for m in range(1, 11)], as_of="2025-01-31"
    )

    table = queries.members_of(facts=facts, name="value_tiers", cell="high")

    assert queries.member_ids(table) == [1, 2]


def test_value_tiers_order_ids_as_numbers_where_they_are():
    people = [person(1, external_id="10"), person(2, external_id="9")]
    orders = [bought(1, "2025-01-01"), bought(2, "2025-01-01")]
    facts = world(orders, people, as_of="2025-01-31")

    table = queries.members_of(facts=facts, name="value_tiers", cell="high")

    assert queries.member_ids(table) == [2]


def test_value_tier_frequency_is_orders_a_year():
    facts = world(
        [bought(1, "2024-01-01", 100), bought(1, "2024-06-01", 100)],
        as_of="2024-12-31",
    )

    assert ask(facts, "value_tiers")["rows"][0] == {
        "value_tier": "high",
        "value": 1,
        "members": 1,
        "spend": "2.00",
        "orders": 2,
        "frequency": 2.0,  # 365 days since the first order
    }


def test_value_tier_frequency_on_the_first_day_is_undefined():
    facts = world([bought(1, "2025-01-31")], as_of="2025-01-31")

    assert ask(facts, "value_tiers")["rows"][0]["frequency"] is None


def test_season_index_counts_a_month_without_sales_in_the_mean():
    facts = world(
        [bought(1, "2025-01-05", 600), bought(1, "2025-03-05", 300)],
        as_of="2025-03-31",
    )

    answer = ask(facts, "season_index")

    assert rows(answer, "month") == {"2025-01": 2.0, "2025-02": 0.0, "2025-03": 1.0}
    assert (answer["n"], answer["enough_months"]) == (3, False)


def test_spend_concentration_of_equals_is_nought():
    facts = world([bought(m, "2025-01-01") for m in (1, 2)], as_of="2025-01-31")

    answer = ask(facts, "spend_concentration")

    assert (answer["value"], answer["top20_share"]) == (0.0, 0.5)


def test_spend_concentration_of_one_and_three():
    facts = world(
        [bought(1, "2025-01-01", 100), bought(2, "2025-01-01", 300)],
        as_of="2025-01-31",
    )

    # 2 (1·1 + 2·3) / (2·4) - 3/2 = 14/8 - 12/8
    answer = ask(facts, "spend_concentration")

    assert (answer["value"], answer["top20_share"]) == (0.25, 0.75)
    assert answer["rows"] == [{"gini": 0.25, "top20_share": 0.75, "value": 0.25}]


def test_second_purchase_counts_those_who_still_wait():
    # Waits: Ana 2 days; Bo 3, cut off by the end of data; Cy 4; Di 4, cut off.
    facts = world(
        [
            bought(1, "2025-01-01"),
            bought(1, "2025-01-01"),
            bought(1, "2025-01-03"),
            bought(2, "2025-01-02"),
            bought(3, "2025-01-01"),
            bought(3, "2025-01-05"),
            bought(4, "2025-01-01"),
        ],
        as_of="2025-02-28",
    )

    answer = ask(facts, "second_purchase")

    # S(2) = 3/4; on day 4 two are at risk and one buys: 3/8.
    assert rows(answer, "day") == {0: 1.0, 1: 1.0, 2: 0.75, 3: 0.75, 4: 0.375}
    assert (answer["median_days"], answer["bought_again"]) == (4, 2)


@pytest.mark.parametrize("name", [metric.name for metric in registry.all_metrics()])
def test_metric_of_nothing_is_undefined_or_counts_nobody(name):
    nothing = world([], as_of="2025-01-31")

    answer = ask(nothing, name)

    counted = name in {
        "members",
        "orders",
        "rfm",
        "lifecycle",
        "lifecycle_moves",
        "value_tiers",
    }
    assert answer["n"] == 0
    assert answer["value"] == (0 if counted else "0.00" if name == "spend" else None)


@pytest.mark.parametrize("name", [metric.name for metric in registry.all_metrics()])
def test_metric_does_not_look_ahead(name):
    later = [
        bought(1, "2025-07-01", 99_999, channel="web", lines=(("gold", 99_999),)),
        bought(9, "2025-08-01", 5),
        refunded(3, "2025-07-02", 700),
    ]
    people = [*PEOPLE, person(10, "2025-07-05")]
    past = world(SHOP, PEOPLE, as_of="2025-06-30")
    with_future = world([*SHOP, *later], people, as_of="2025-06-30")
    by = [None, *registry.metric(name).dimensions]

    assert [ask(with_future, name, by=b) for b in by] == [
        ask(past, name, by=b) for b in by
    ]


def test_period_ends_with_as_of_at_the_latest(shop):
    answer = ask(shop, "orders", start="2025-06-01", end="2026-12-31")

    assert (answer["value"], answer["to"]) == (1, "2025-06-30")


def test_default_period_of_a_change_is_its_days(shop):
    answer = ask(shop, "churn_rate", params={"days": "10"})

    assert answer["from"] == str(shop.as_of - timedelta(days=10))


def test_scope_limits_orders_by_store_and_members_by_home():
    people = [person(1, store="A"), person(2, store="B"), person(3, "2025-01-01")]
    orders = [
        bought(1, "2025-01-01", 100, store="A", lines=(("x", 100),)),
        bought(1, "2025-01-02", 200, store="B", lines=(("y", 200),)),
        bought(2, "2025-01-03", 400, store="A"),
    ]
    facts = world(orders, people, as_of="2025-01-31", scope=frozenset({"A"}))

    assert ask(facts, "spend")["value"] == "5.00"
    assert ask(facts, "members")["value"] == 1
    assert rows(ask(facts, "rfm"), "cell", "spend") == {"111": "1.00"}
    assert rows(ask(facts, "spend", by="category"), "category") == {
        "x": "1.00",
        None: "4.00",
    }


def test_scope_of_no_stores_sees_nothing(shop):
    facts = world(SHOP, PEOPLE, as_of="2025-06-30", scope=frozenset())

    assert (ask(facts, "orders")["value"], ask(facts, "members")["value"]) == (0, 0)


def test_state_computed_once_gives_the_same_answers(shop):
    kept = state.materialised(shop)

    for name in ("rfm", "lifecycle", "value_tiers", "members"):
        assert ask(kept, name) == ask(shop, name)
