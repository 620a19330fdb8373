"""Each metric on a world small enough to count on fingers."""

from __future__ import annotations

import pytest

from tests.analytics.world import (
    ask,
    bought,
    person,
    refunded,
    rows,
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


def test_members_counts_buyers_prospects_and_returners(shop):
    answer = ask(shop, "members")

    assert (answer["value"], answer["buyers"]) == (5, 3)


def test_members_by_month_of_coming_to_be_known(shop):
    answer = ask(shop, "members", by="month")

    assert rows(answer, "month") == {
        "2025-01": 2,
        "2025-02": 1,
        "2025-03": 1,
        "2025-05": 1,
    }


def test_members_are_not_known_before_they_join():
    shop = world(SHOP, PEOPLE, as_of="2025-04-30")

    assert ask(shop, "members")["value"] == 4


def test_member_known_by_an_order_before_joining():
    early = world(
        [bought(1, "2025-01-01")], [person(1, "2025-06-01")], as_of="2025-02-01"
    )

    assert ask(early, "members")["value"] == 1


def test_orders_do_not_count_refunds(shop):
    assert ask(shop, "orders")["value"] == 6


def test_spend_is_net_with_refunds_apart(shop):
    answer = ask(shop, "spend")

    assert (answer["value"], answer["gross"], answer["refunds"]) == (
        "38.50",
        "42.00",
        "3.50",
    )


def test_spend_by_month_puts_each_refund_at_its_own_date(shop):
    answer = ask(shop, "spend", by="month")

    assert answer["rows"][2] == {
        "month": "2025-03",
        "value": "4.50",
        "gross": "7.00",
        "refunds": "2.50",
        "orders": 1,
        "members": 1,
    }


def test_spend_by_quarter_and_year_are_named(shop):
    assert list(rows(ask(shop, "spend", by="quarter"), "quarter")) == [
        "2025-Q1",
        "2025-Q2",
    ]
    assert rows(ask(shop, "spend", by="year"), "year") == {"2025": "38.50"}


def test_spend_by_channel_keeps_a_cell_for_none(shop):
    assert rows(ask(shop, "spend", by="channel"), "channel") == {
        "app": "5.00",
        "web": "27.50",
        None: "6.00",
    }


def test_spend_by_category_puts_orders_without_lines_in_the_nameless_cell(shop):
    assert rows(ask(shop, "spend", by="category"), "category") == {
        "cups": "4.00",
        "tea": "11.00",
        None: "23.50",
    }


def test_orders_by_category_count_an_order_once_a_category(shop):
    assert rows(ask(shop, "orders", by="category"), "category") == {
        "cups": 1,
        "tea": 2,
        None: 4,
    }


def test_spend_by_stage_uses_the_stage_at_the_day(shop):
    # Recency on 30 June: Ana 0 days, Bo 149, Cy 91; Di only returned.
    assert rows(ask(shop, "spend", by="stage"), "stage") == {
        "prospect": "-1.00",
        "first": "7.00",
        "repeat": "32.50",
    }


def test_spend_by_value_tier_keeps_members_without_a_tier(shop):
    # N = 3: the first ceil(0.6) = 1 is high, up to ceil(1.5) = 2 middle.
    assert rows(ask(shop, "spend", by="value_tier"), "value_tier") == {
        "high": "27.50",
        "middle": "7.00",
        "low": "5.00",
        None: "-1.00",
    }


def test_spend_of_a_period_includes_both_days(shop):
    answer = ask(shop, "spend", start="2025-02-01", end="2025-02-10")

    assert (answer["value"], answer["from"], answer["to"]) == (
        "10.00",
        "2025-02-01",
        "2025-02-10",
    )


def test_aov_divides_net_by_orders(shop):
    answer = ask(shop, "aov")

    # 38.50 / 6 = 6.41666…
    assert (answer["value"], answer["numerator"], answer["n"]) == ("6.42", "38.50", 6)


def test_aov_rounds_halves_to_even():
    facts = world(
        [bought(1, "2025-01-01", 1), bought(1, "2025-01-02", 4)], as_of="2025-01-31"
    )

    assert ask(facts, "aov")["value"] == "0.02"


def test_purchase_frequency_uses_the_last_twelve_months():
    facts = world(
        [
            bought(1, "2024-06-30"),
            bought(1, "2024-07-01"),
            bought(1, "2025-06-30"),
            bought(2, "2025-01-01"),
        ],
        as_of="2025-06-30",
    )

    answer = ask(facts, "purchase_frequency")

    assert (answer["value"], answer["n"], answer["from"]) == (1.5, 2, "2024-07-01")


def test_refund_rate_is_of_value_and_reports_the_rate_of_orders(shop):
    answer = ask(shop, "refund_rate")

    assert answer["value"] == 350 / 4200
    assert answer["order_refund_rate"] == 2 / 6
    assert ask(shop, "order_refund_rate")["value"] == 2 / 6


def test_category_variety_averages_distinct_categories_of_buyers(shop):
    answer = ask(shop, "category_variety")

    # Ana alone has categorised lines: tea twice, cups once.
    assert (answer["value"], answer["n"]) == (2.0, 1)


def test_category_variety_by_month_counts_each_month_by_itself(shop):
    answer = ask(shop, "category_variety", by="month")

    assert rows(answer, "month") == {"2025-01": 2.0, "2025-02": 1.0}


@pytest.mark.parametrize(
    ("basis", "numerator", "denominator"),
    [("orders", 2, 2), ("days", 1, 2), ("returning", 1, 2), ("all", 2, 2)],
)
def test_repurchase_rate_in_february_on_each_basis(basis, numerator, denominator):
    # Ana bought in January and twice in February, Bo twice on one day.
    facts = world(
        [
            bought(1, "2025-01-10"),
            bought(1, "2025-02-10"),
            bought(1, "2025-02-11"),
            bought(2, "2025-02-01"),
            bought(2, "2025-02-01"),
            refunded(3, "2025-02-01"),
            bought(4, "2025-03-01"),
        ],
        as_of="2025-03-31",
    )

    answer = ask(
        facts,
        "repurchase_rate",
        params={"basis": basis},
        start="2025-02-01",
        end="2025-02-28",
    )

    assert (answer["numerator"], answer["denominator"]) == (numerator, denominator)


def test_cohort_retention_has_zero_cells_up_to_the_day():
    facts = world(
        [
            bought(1, "2025-01-10"),
            bought(2, "2025-01-31"),
            bought(1, "2025-03-01"),
            bought(1, "2025-03-09"),
            bought(3, "2025-03-05"),
            refunded(2, "2025-02-05"),
        ],
        as_of="2025-04-01",
    )

    answer = ask(facts, "cohort_retention")

    cells = {(row["cohort"], row["k"]): row["active"] for row in answer["rows"]}
    assert cells == {
        ("2025-01", 0): 2,
        ("2025-01", 1): 0,
        ("2025-01", 2): 1,
        ("2025-01", 3): 0,
        ("2025-03", 0): 1,
        ("2025-03", 1): 0,
    }
    assert answer["rows"][2] == {
        "cohort": "2025-01",
        "size": 2,
        "k": 2,
        "active": 1,
        "rate": 0.5,
        "value": 0.5,
    }


FIVE = [bought(m, f"2025-01-{m:02}", 100 * m) for m in range(1, 6)]


def test_rfm_scores_five_different_members_one_to_five():
    facts = world(FIVE, as_of="2025-01-31")

    cells = rows(ask(facts, "rfm"), "cell", "spend")

    # All bought once: nobody is strictly worse on frequency, so all score 1.
    assert cells == {
        "111": "1.00",
        "212": "2.00",
        "313": "3.00",
        "414": "4.00",
        "515": "5.00",
    }


def test_rfm_ntile_splits_ties_by_id():
    facts = world(FIVE, as_of="2025-01-31")

    answer = ask(facts, "rfm", by="f", params={"rule": "ntile_id"})

    assert rows(answer, "score") == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}


def test_rfm_percentile_puts_a_value_on_the_cut_in_the_lower_group():
    # Amounts 1..6: cuts at 2, 3, 4, 5; recency days 30..25 likewise, few is good.
    facts = world(
        [bought(m, f"2025-01-{m:02}", m) for m in range(1, 7)], as_of="2025-01-31"
    )

    by_m = rows(ask(facts, "rfm", by="m", params={"rule": "percentile"}), "score")
    by_r = rows(ask(facts, "rfm", by="r", params={"rule": "percentile"}), "score")

    assert by_m == {1: 2, 2: 1, 3: 1, 4: 1, 5: 1}
    assert by_r == {5: 2, 4: 1, 3: 1, 2: 1, 1: 1}


def test_rfm_of_twelve_months_leaves_older_buyers_out():
    facts = world(
        [bought(1, "2023-12-31"), bought(2, "2024-01-01"), bought(2, "2023-01-01")],
        as_of="2024-12-31",
    )

    answer = ask(facts, "rfm", params={"window": "12m"})

    assert rows(answer, "cell", "spend") == {"111": "1.00"}


def test_rfm_money_is_net_and_returners_without_orders_are_not_scored(shop):
    answer = ask(shop, "rfm")

    assert answer["n"] == 3
    assert sorted(rows(answer, "cell", "spend").values()) == ["27.50", "5.00", "7.00"]
