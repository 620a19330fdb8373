"""`1.234` is a thousand in one file and one and a bit in another."""

from __future__ import annotations

import pytest

from loyalty.orders.models import Order
from tests.members.imports.people import rejects

pytestmark = pytest.mark.django_db


def rows(*amounts: str) -> str:
    lines = [f'{n},c-{n},2026-01-0{n},"{text}"' for n, text in enumerate(amounts, 1)]
    return "\n".join(["order_id,member,ordered_at,amount", *lines, ""])


def sums() -> list[int]:
    return list(
        Order.objects.order_by("external_id").values_list("amount_minor", flat=True)
    )


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (("1.234", "12.50"), [123, 1250]),
        (("1.234", "1,234.50"), [123, 123450]),
        (("12", "34.5"), [1200, 3450]),
    ],
)
def test_another_row_shows_the_sign(load, csv_file, amounts, expected):
    summary = load("orders", csv_file(rows(*amounts)))

    assert (summary["rejected"], sums()) == (0, expected)


@pytest.mark.parametrize(
    "amounts", [("1.234", "12.500"), ("1.234", "56"), ("1.234", "12,50")]
)
def test_nothing_shows_the_sign(load, csv_file, amounts):
    summary = load("orders", csv_file(rows(*amounts)))

    refused = [reason for _, reason in rejects(summary["batch"])]
    assert refused
    assert set(refused) == {"ambiguous_amount"}
    assert 123 not in sums()


def test_an_option_says_the_sign(load, csv_file):
    load("orders", csv_file(rows("1.234", "12.500")), "--decimal", "comma")

    assert sums() == [123400, 1250000]


@pytest.mark.parametrize(
    ("margin", "reasons"), [("0.50", []), ("0,50", ["ambiguous_amount"])]
)
def test_decimals_of_another_column_count_both_ways(load, csv_file, margin, reasons):
    head = "order_id,member,ordered_at,amount,margin,quantity"
    row = f'1,c-1,2026-01-01,1.234,"{margin}",1.5'

    summary = load("orders", csv_file(f"{head}\n{row}\n"))

    assert [reason for _, reason in rejects(summary["batch"])] == reasons
