"""The articles' worked examples from orders in a file to the number of the command.

Each case is a shop that has exactly the counts of its row in article_cases.csv; the
formulas alone are tested beside (test_formulas).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.analytics.metrics.commands import load, metric

AS_OF = date(2025, 12, 31)
START = date(2025, 6, 30)  # (A, B] of the rates; with 90 days
BEFORE, AT_START, AT_END = date(2024, 1, 1), date(2025, 6, 30), date(2025, 12, 31)
Row = tuple[str, date, str]


def case(shared_data: Path, key: str) -> dict:
    with (shared_data / "article_cases.csv").open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["id"] == key)


def loaded(folder: Path, rows: Iterator[Row]) -> None:
    path = folder / "orders.csv"
    lines = [f"{n},{who},{day},{sum_}" for n, (who, day, sum_) in enumerate(rows)]
    path.write_text("\n".join(["order_id,member,ordered_at,amount", *lines, ""]))
    load(path)


def buyers(name: str, count: int, *days: date, amount: str = "1.00") -> Iterator[Row]:
    for n in range(count):
        for day in days:
            yield f"{name}-{n}", day, amount


@pytest.mark.parametrize(
    ("key", "expected"),
    [("S01", "2000.00"), ("S02", "450.00"), ("S03", "40.00"), ("S22", "600.00")],
)
def test_clv_prints_as_written(books, tmp_path, shared_data, key, expected):
    row = case(shared_data, key)
    given = json.loads(row["inputs"])
    frequency = given["freq_per_year"] if "freq_per_year" in given else given["freq"]
    days = [AS_OF - timedelta(days=80 * n) for n in range(frequency)]
    loaded(tmp_path, buyers("m", 7, *days, amount=str(given["aov"])))
    params = {"years": str(given["years"])}
    if "margin" in given:
        params |= {"kind": "margin", "margin": str(given["margin"])}

    answer = metric("clv", as_of=AS_OF, params=params)

    assert answer["value"] == expected
    assert Decimal(answer["value"]) == Decimal(row["expected"])
    assert (
        Decimal(metric("aov", as_of=AS_OF)["value"]),
        metric("purchase_frequency", as_of=AS_OF)["value"],
    ) == (given["aov"], frequency)


@pytest.mark.parametrize(
    ("key", "kept", "came_back", "expected"),
    [
        ("S08", 850, 0, 0.85),
        ("S09", 1000, 0, 1.0),
        ("S10", 0, 0, None),
        # 120 %: all who were there stayed and 20 came back; the formula counts them.
        ("S11", 100, 20, 1.2),
    ],
)
def test_crr_prints_as_written(
    books, tmp_path, shared_data, key, kept, came_back, expected
):
    given = json.loads(case(shared_data, key)["inputs"])

    def rows() -> Iterator[Row]:
        yield from buyers("kept", kept, AT_START, AT_END)
        yield from buyers("lost", given["start"] - kept, AT_START)
        yield from buyers("new", given["new"], AT_END)
        yield from buyers("back", came_back, BEFORE, AT_END)

    loaded(tmp_path, rows())

    answer = metric("crr", as_of=AS_OF, start=START, end=AS_OF, params={"days": "90"})

    assert {name: answer[name] for name in ("start", "new", "end")} == given
    assert (answer["value"], answer["came_back"]) == (expected, came_back)


def test_churn_prints_as_written_and_is_what_crr_leaves(books, tmp_path, shared_data):
    given = json.loads(case(shared_data, "S15")["inputs"])
    kept = given["total"] - given["lost"]

    def rows() -> Iterator[Row]:
        yield from buyers("kept", kept, AT_START, AT_END)
        yield from buyers("lost", given["lost"], AT_START)
        yield from buyers("new", 200, AT_END)

    loaded(tmp_path, rows())
    asked = {"start": START, "end": AS_OF, "params": {"days": "90"}}

    churn = metric("churn_rate", as_of=AS_OF, **asked)

    assert (churn["numerator"], churn["denominator"]) == (150, 1000)
    assert churn["value"] == 0.15
    assert metric("retention_rate", as_of=AS_OF, **asked)["value"] == 0.85


def test_repurchase_rate_prints_as_written(books, tmp_path, shared_data):
    given = json.loads(case(shared_data, "S21")["inputs"])
    again, once = given["repeat_buyers"], given["buyers"] - given["repeat_buyers"]

    def rows() -> Iterator[Row]:
        yield from buyers("again", again, date(2025, 3, 1), date(2025, 3, 31))
        # Bought before too, but once in the period.
        yield from buyers("once", once, BEFORE, date(2025, 3, 15))

    loaded(tmp_path, rows())

    answer = metric(
        "repurchase_rate", as_of=AS_OF, start="2025-03-01", end="2025-03-31"
    )

    assert (answer["numerator"], answer["denominator"]) == (70, 200)
    assert answer["value"] == 0.35
