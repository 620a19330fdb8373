from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.imports import amounts
from members.imports.amounts import Money, Style
from members.imports.values import Bad


def cents(cell, *, decimal=None, currency="EUR", exponent=2):
    read = amounts.money_reader(
        currency=currency, exponent=exponent, decimal=decimal, field="amount"
    )(cell)
    return read.reason if isinstance(read, Bad) else read and read.minor


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.50", 123450),
        ("1,234.50", 123450),
        ("1.234,50", 123450),
        ("1 234,50", 123450),
        ("1\u202f234,50", 123450),
        ("1'234.50", 123450),
        ("1’234.50", 123450),
        ("1,234,567", 123456700),
        ("1.234.567", 123456700),
        ("1.234.567,89", 123456789),
        ("12,34,567.00", 123456700),
        ("12,50", 1250),
        ("0,125", 12),
        ("1234,567", 123457),
        (".5", 50),
        ("10.005", 1000),
        ("10.015", 1002),
        ("0.00", 0),
        ("-12.00", -1200),
        ("−12.00", -1200),
        ("12.00-", -1200),
        ("(12.00)", -1200),
        ("+12", 1200),
        ("１２．５０", 1250),
        ("€ 12.50", 1250),
        ("12,50 €", 1250),
        ("EUR 1.234,50", 123450),
        ("-€12.50", -1250),
        (" 7 ", 700),
        ("", None),
        (None, None),
        (505.3, 50530),
        (0.1 + 0.2, 30),
        (Decimal("139.125"), 13912),
        (12, 1200),
        (float("nan"), None),
        ("1,234", "ambiguous_amount"),
        ("999,000", "ambiguous_amount"),
        ("NaN", "bad_amount"),
        ("inf", "bad_amount"),
        (float("inf"), "bad_amount"),
        (Decimal("sNaN"), "bad_amount"),
        ("1e400", "bad_amount"),
        ("1E5", "bad_amount"),
        (True, "bad_amount"),
        ("12.", "bad_amount"),
        ("1.2.3", "bad_amount"),
        ("1,23.4.5", "bad_amount"),
        ("12-50", "bad_amount"),
        ("--5", "bad_amount"),
        ("12²", "bad_amount"),
        ("-", "bad_amount"),
        ("12,34.50", "bad_amount"),
        ("twelve", "bad_amount"),
        ("15 %", "bad_amount"),
        ("£12.50", "currency"),
        ("12.50 USD", "currency"),
        ("9" * 14, "too_large"),
        (10**15, "too_large"),
        ("9" * 50, "too_long"),
    ],
)
def test_money_reads_what_exports_write(text, expected):
    assert cents(text) == expected


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1,234", ".", 123400),
        ("1,234", ",", 123),
        ("1.234", ".", 123),
        ("1.234", ",", 123400),
        ("12.50", ",", "bad_amount"),
        ("12,50", ".", "bad_amount"),
        ("1,234.50", ",", "bad_amount"),
        ("1.234.567", ".", "bad_amount"),
    ],
)
def test_money_obeys_the_decimal_sign_it_is_told(text, decimal, expected):
    assert cents(text, decimal=decimal) == expected


@pytest.mark.parametrize(
    "text", ["￥12.50", "¥12.50", "12.50元", "CNY12.50", "rmb 12.50"]
)
def test_money_takes_every_sign_of_the_programmes_currency(text):
    assert cents(text, currency="CNY") == 1250


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [("1234", 0, 1234), ("12.5", 0, 12), ("13.5", 0, 14), ("1.2345", 3, 1234)],
)
def test_money_is_rounded_half_even_to_the_minor_unit(text, exponent, expected):
    currency = {0: "JPY", 3: "KWD"}[exponent]

    assert cents(text, exponent=exponent, currency=currency) == expected


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("12,50", Style.COMMA),
        ("1.234,50", Style.COMMA),
        ("1.234", Style.BARE),
        ("1,234.50", Style.POINT),
        ("1 234.50", Style.POINT),
        ("0.234", Style.POINT),
        ("12.50", Style.POINT),
        ("1.234.567", Style.COMMA),
        ("1234", Style.NONE),
    ],
)
def test_number_tells_the_way_of_its_file(text, style):
    assert amounts.number(text, field="amount").style == style


@given(st.decimals(min_value="-1e9", max_value="1e9", places=4))
def test_money_equals_decimal_arithmetic_whatever_the_grouping(value):
    expected = int((value * 100).to_integral_value(ROUND_HALF_EVEN))

    assert cents(f"{value:f}", decimal=".") == expected
    assert cents(f"{value:,f}", decimal=".") == expected
    swapped = f"{value:,f}".translate(str.maketrans(",.", ".,"))
    assert cents(swapped, decimal=",") == expected


@given(st.text(max_size=60))
def test_money_never_raises(text):
    read = amounts.money_reader(
        currency="EUR", exponent=2, decimal=None, field="amount"
    )(text)

    assert read is None or isinstance(read, Bad | Money)
