"""What may not matter to an import does not, from the file to the number.

The same shop is told in other ways: rows shuffled, members renamed, dates four years
later, money times seven, in two files. Books and metrics are compared.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests import factories
from tests.analytics.metrics.commands import metric
from tests.members.imports import books as told

AS_OF = date(2021, 12, 31)
SHIFT = timedelta(days=1461)
COLUMNS = (
    *("order_id", "member", "ordered_at", "amount", "kind", "refund_of"),
    *("channel", "store", "category", "sku", "quantity", "margin"),
)
ASKED: tuple[tuple[str, str | None, dict[str, str]], ...] = (
    ("spend", "month", {}),
    ("spend", "category", {}),
    ("orders", "store", {}),
    ("refund_rate", None, {}),
    ("rfm", "cell", {"rule": "strict_less"}),
    ("rfm", "cell", {"rule": "ntile_id"}),
    ("cohort_retention", None, {}),
    ("lifecycle", "stage", {}),
    ("value_tiers", "value_tier", {}),
    ("second_purchase", None, {}),
)


@dataclass(frozen=True)
class Row:
    order_id: str
    member: str
    at: datetime | None  # None is written as a date that is refused
    amount: Decimal
    kind: str = ""
    refund_of: str = ""
    channel: str = ""
    store: str = ""
    category: str = ""
    sku: str = ""
    quantity: str = ""
    margin: Decimal | None = None

    def cells(self) -> list[str]:
        margin = "" if self.margin is None else str(self.margin)
        at = "no day" if self.at is None else str(self.at)
        first = [self.order_id, self.member, at, str(self.amount), self.kind]
        rest = [self.refund_of, self.channel, self.store, self.category, self.sku]
        return [*first, *rest, self.quantity, margin]


def shop() -> list[Row]:
    """400 orders of one to three lines, refunds of some, credits, 12 bad rows."""
    draw = random.Random(7)
    rows: list[Row] = []
    for n in range(400):
        at = datetime(2019, 1, 1) + timedelta(minutes=draw.randrange(1_500_000))
        at = at.replace(second=n % 60, microsecond=0)
        head = Row(f"o-{n}", f"{draw.randrange(10, 90)}", at, Decimal(0))
        head = replace(head, channel=draw.choice(["web", "shop"]), store=f"S{n % 5}")
        lines = [
            replace(
                head,
                amount=Decimal(draw.randrange(1, 9_000)) / 100,
                category=draw.choice(["tea", "cups", "pots"]),
                sku=f"T-{k}",
                quantity=str(k + 1),
                margin=Decimal(draw.randrange(-50, 300)) / 100,
            )
            for k in range(draw.randrange(1, 4))
        ]
        rows += lines
        later = at + timedelta(days=draw.randrange(1, 40))
        back = Row(f"r-{n}", head.member, later, lines[0].amount, kind="refund")
        if n % 8 == 0:
            rows.append(replace(back, refund_of=head.order_id))
        if n % 40 == 3:
            rows.append(replace(back, kind="credit"))
    bad = [Row(f"b-{n}", "99", None, Decimal(1)) for n in range(12)]
    return rows[:300] + bad + rows[300:]


SHOP = shop()


def import_(folder: Path, rows: Sequence[Row], *, numbered: bool = True) -> dict:
    path = folder / "orders.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        skip = 0 if numbered else 1
        writer.writerow(COLUMNS[skip:])
        writer.writerows(row.cells()[skip:] for row in rows)
    out = StringIO()
    # Exit 3 where some of the bad rows are in the file.
    with suppress(SystemExit):
        call_command("import_orders", str(path), "--json", stdout=out)
    summary: dict = json.loads(out.getvalue())
    return summary


def clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE members_member, members_importbatch, members_store,"
            " members_auditentry CASCADE"
        )
        # As when everything were new: the facts are made again from the start.
        cursor.execute(
            "INSERT INTO loyalty_changedmonth (month)"
            " SELECT generate_series('2019-01-01', '2025-12-01', interval '1 month')"
        )
    factories.seeds()


def answers(as_of: date = AS_OF) -> dict[str, Any]:
    return {
        f"{name} by {by} {params}": metric(name, as_of=as_of, by=by, params=params)
        for name, by, params in ASKED
    }


def state() -> dict[str, list[tuple[Any, ...]]]:
    """The books without what follows from the order of rows: places and clocks."""
    found = told.books()
    return {
        "orders": sorted(found["orders"], key=str),
        # The number of an order and what the line is, not its place in the order.
        "lines": sorted(((line[0], *line[2:]) for line in found["lines"]), key=str),
        "members": sorted((row[:-1] for row in found["members"]), key=str),
        "stores": sorted(found["stores"]),
        "rejects": sorted(row[1:] for row in found["rejects"]),
    }


@pytest.fixture
def before(books, tmp_path):
    """Books and answers of the shop as it is told first; then nothing is there."""
    import_(tmp_path, SHOP)
    found = state(), answers()
    clear()
    return found


def shuffled(rows: Sequence[Row], seed: int = 1) -> list[Row]:
    return random.Random(seed).sample(rows, len(rows))


def test_shuffled_rows_change_nothing(before, tmp_path):
    summary = import_(tmp_path, shuffled(SHOP))

    assert (summary["read"], summary["rejected"]) == (len(SHOP), 12)
    assert (state(), answers()) == before


def test_a_shuffled_file_after_the_file_itself_is_unchanged(books, tmp_path):
    first = import_(tmp_path, SHOP)

    again = import_(tmp_path, shuffled(SHOP))

    assert (again["loaded"], again["unchanged"]) == (0, first["loaded"])
    assert again["rejected"] == 12


def test_shuffled_rows_without_numbers_change_nothing(books, tmp_path):
    # Equal rows too: which is the second of two equal ones cannot matter.
    rows = [row for row in SHOP if not row.refund_of]
    rows += rows[:40]
    first = import_(tmp_path, rows, numbered=False)
    found = state()
    clear()

    import_(tmp_path, shuffled(rows), numbered=False)

    assert state() == found
    assert first["loaded"] == len(found["orders"]) == len(rows) - 12


def test_members_renamed_are_the_same_members_by_another_name(before, tmp_path):
    books_before, answers_before = before

    import_(tmp_path, [replace(r, member=f"{int(r.member) + 900}") for r in SHOP])

    def renamed(name: str) -> str:
        return f"{int(name) + 900}"

    found = state()
    assert found["orders"] == sorted(
        ((o[0], o[1], renamed(o[2]), *o[3:]) for o in books_before["orders"]), key=str
    )
    assert found["members"] == sorted(
        ((m[0], renamed(m[1]), *m[2:]) for m in books_before["members"]), key=str
    )
    assert found["lines"] == books_before["lines"]
    assert answers() == answers_before


def test_dates_four_years_later_are_the_same_orders_later(before, tmp_path):
    books_before, answers_before = before

    import_(tmp_path, [replace(r, at=r.at and r.at + SHIFT) for r in SHOP])

    # All but the hash of the content, which holds the time.
    assert [o[:-1] for o in state()["orders"]] == [
        (*o[:5], o[5] + SHIFT, o[6] + SHIFT, *o[7:-1]) for o in books_before["orders"]
    ]
    found = answers(AS_OF + SHIFT)
    assert {key: earlier(answer) for key, answer in found.items()} == answers_before


def earlier(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: earlier(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [earlier(part) for part in value]
    if key in {"as_of", "from", "to", "observed_to"} and value:
        return str(date.fromisoformat(value) - SHIFT)
    if key in {"month", "cohort"} and value:
        return f"{int(value[:4]) - 4}{value[4:]}"
    return value


def test_money_times_seven_is_the_same_orders_seven_times_as_dear(before, tmp_path):
    books_before, answers_before = before

    import_(
        tmp_path,
        [
            replace(r, amount=r.amount * 7, margin=r.margin and r.margin * 7)
            for r in SHOP
        ],
    )

    found = state()
    assert [o[:-1] for o in found["orders"]] == [
        (*o[:7], o[7] * 7, None if o[8] is None else o[8] * 7, *o[9:-1])
        for o in books_before["orders"]
    ]
    spent, before_ = answers(), answers_before
    by_month = "spend by month {}"
    assert [Decimal(row["value"]) for row in spent[by_month]["rows"]] == [
        Decimal(row["value"]) * 7 for row in before_[by_month]["rows"]
    ]
    for same in ("lifecycle by stage {}", "cohort_retention by None {}"):
        assert spent[same] == before_[same]
    cells = "rfm by cell {'rule': 'strict_less'}"
    assert [(row["cell"], row["members"]) for row in spent[cells]["rows"]] == [
        (row["cell"], row["members"]) for row in before_[cells]["rows"]
    ]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_split_in_two_is_the_same_file(before, tmp_path, share):
    cut = int(len(SHOP) * share)
    while SHOP[cut].order_id == SHOP[cut - 1].order_id:
        cut += 1  # between two orders: one order's lines come together

    parts = SHOP[:cut], SHOP[cut:]
    summaries = [import_(tmp_path, part) for part in parts]

    assert sum(one["read"] for one in summaries) == len(SHOP)
    assert sum(one["rejected"] for one in summaries) == 12
    assert (state(), answers()) == before
