"""The articles' worked examples, as the product's own formulas print them."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from analytics.metrics import rules
from config.lib import formats


def plain(value: Fraction) -> str:
    return formats.number(Decimal(value.numerator) / value.denominator, language="en")


def percent(ratio: Fraction | None) -> str:
    value = None if ratio is None else float(ratio)
    return formats.percent(value, language="en", places=0)


def article_clv(given: dict) -> str:
    return plain(
        rules.clv(
            order_value=Decimal(str(given["aov"])),
            frequency=given["freq_per_year"]
            if "freq_per_year" in given
            else given["freq"],
            years=given["years"],
            margin=Decimal(str(given.get("margin", 1))),
        )
    ).replace(",", "")


def article_crr(given: dict) -> str:
    share = rules.crr(start=given["start"], new=given["new"], end=given["end"])
    return percent(share)


def article_churn(given: dict) -> str:
    return percent(rules.churn_rate(lost=given["lost"], start=given["total"]))


def article_repurchase(given: dict) -> str:
    return percent(
        rules.repurchase_rate(
            repeat_buyers=given["repeat_buyers"], buyers=given["buyers"]
        )
    )


CASES = {
    "S01": (article_clv, "2000"),
    "S02": (article_clv, "450"),
    "S03": (article_clv, "40"),
    "S08": (article_crr, "85%"),
    "S09": (article_crr, "100%"),
    "S10": (article_crr, formats.NOTHING),
    "S11": (article_crr, "120%"),
    "S15": (article_churn, "15%"),
    "S21": (article_repurchase, "35%"),
    "S22": (article_clv, "600"),
}


@pytest.mark.parametrize("case", CASES)
def test_article_case_prints_as_written(case: str, shared_data: Path):
    with (shared_data / "article_cases.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["id"] == case)
    formula, expected = CASES[case]

    printed = formula(json.loads(row["inputs"]))

    assert printed == expected
    # Where the file words its answer, the number it starts with is the number.
    assert row["expected"].startswith((expected, "undefined"))


def test_clv_of_the_articles_table_with_a_third_of_margin():
    # Scenario M3: 600 / 135 / 12 with a margin of 30 %.
    rows = [(100, 4, 5), (50, 3, 3), (20, 1, 2)]

    found = [
        rules.clv(order_value=Decimal(a), frequency=f, years=y, margin=Decimal("0.3"))
        for a, f, y in rows
    ]

    assert found == [600, 135, 12]


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [
        (Fraction(5, 2), 2, "0.02"),
        (Fraction(7, 2), 2, "0.04"),
        (-150, 2, "-1.50"),
        (0, 2, "0.00"),
        (1234, 0, "1234"),
        (1234, 3, "1.234"),
        (Fraction(10**19 + 1, 2), 2, "50000000000000000.00"),
    ],
)
def test_money_rounds_half_even_to_the_minor_unit(minor, exponent, text):
    assert rules.money(minor, exponent=exponent) == text


@pytest.mark.parametrize(
    ("as_of", "first"),
    [
        (date(1998, 6, 30), date(1997, 7, 1)),
        (date(2024, 2, 29), date(2023, 3, 1)),
        (date(2025, 2, 28), date(2024, 2, 29)),
        (date(2025, 1, 1), date(2024, 1, 2)),
    ],
)
def test_twelve_months_start_a_year_and_a_day_later(as_of, first):
    assert rules.twelve_months_from(as_of) == first


def test_ratio_over_nothing_is_undefined():
    assert rules.ratio(0, 0) is None
