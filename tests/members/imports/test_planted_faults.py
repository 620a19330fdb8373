"""Ten thousand rows, 37 of them bad, each in its own way: the rest loads, each is told."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.lib import clock
from loyalty.orders.models import Order
from members.imports.models import ImportBatch
from members.programme.models import ProgrammeVersion
from tests.members.imports.books import books, waiting_tables

pytestmark = pytest.mark.django_db

NOW = clock.parse("2026-03-01T12:00:00+00:00")
HEADER = (
    "order_id,member,ordered_at,amount,kind,refund_of,currency,channel,store,"
    "category,sku,quantity,margin"
)
LAST = 10_001  # ten thousand rows under a header

# Known before the file comes.
BEFORE = "order_id,member,ordered_at,amount\nKNOWN,m-001,2025-01-01,10.00\n"

# line → (the row as it stands there, the reason it must be refused for).
# Programme time is Berlin's; a comma decimal stands on line 20, so a bare 1.234 could
# be a thousand. Two rows that belong to one order are refused together.
FAULTS = {
    100: ("F01,x-01,nonsense,1.00,,,,,,,,,", "bad_date"),
    250: ("F02,x-02,2025-02-30,1.00,,,,,,,,,", "bad_date"),
    251: ("F03,x-03,03/04/2025,1.00,,,,,,,,,", "ambiguous_date"),
    400: ("F04,x-04,03.04.25,1.00,,,,,,,,,", "two_digit_year"),
    401: ("F05,x-05,2025-03-30 02:30:00,1.00,,,,,,,,,", "nonexistent_time"),
    500: ("F06,x-06,2026-03-02,1.00,,,,,,,,,", "future"),
    777: ("F07,x-07,1899-12-31,1.00,,,,,,,,,", "bad_date"),
    1000: (",x-08,2025-05-05,1.00,,,,,,,,,", "missing"),
    1001: ("F09,,2025-05-05,1.00,,,,,,,,,", "missing"),
    1002: ("F10,x-10,,1.00,,,,,,,,,", "missing"),
    1003: ("F11,x-11,2025-05-05,,,,,,,,,,", "missing"),
    1500: ("F12,x-12,2025-05-05,twelve,,,,,,,,,", "bad_amount"),
    1501: ('F13,x-13,2025-05-05,"1,234",,,,,,,,,', "ambiguous_amount"),
    1502: ("F14,x-14,2025-05-05,1.234,,,,,,,,,", "ambiguous_amount"),
    1503: ("F15,x-15,2025-05-05,12345678901234,,,,,,,,,", "too_large"),
    2000: ("F16,x-16,2025-05-05,1.00,,,USD,,,,,,", "currency"),
    2001: ("F17,x-17,2025-05-05,$1.00,,,,,,,,,", "currency"),
    2500: ("F18,x-18,2025-05-05,1.00,gift,,,,,,,,", "bad_choice"),
    3000: (f"F19,x-19,2025-05-05,1.00,,,,{'w' * 41},,,,,", "too_long"),
    3001: ("F20,x-20,2025-05-05,1.00,,,,we\x07b,,,,,", "bad_text"),
    3500: ("1.23E+15,x-21,2025-05-05,1.00,,,,,,,,,", "bad_identifier"),
    3501: ("~mine,x-22,2025-05-05,1.00,,,,,,,,,", "bad_identifier"),
    4000: ("F23,~email:nobody,2025-05-05,1.00,,,,,,,,,", "bad_email"),
    4001: ("F24,~phone:030 123456,2025-05-05,1.00,,,,,,,,,", "ambiguous_phone"),
    4500: ("F25,x-25,2025-05-05,1.00,,,,,,,,many,", "bad_amount"),
    5000: ("F26,x-26,2025-05-05", "columns"),
    5001: ("F27,x-27,2025-05-05,1.00,,,,,,,,,,more", "columns"),
    5002: ('F28,"x-28,2025-05-05,1.00,,,,,,,,,', "malformed"),
    6000: ("o-5990,m-490,2025-05-05,5.00,,,,,,,,,", "duplicate"),
    6500: ("F30,x-30,2025-05-05,1.00,,,,,,tea,T-1,,", "order_rejected"),
    6501: ("F30,x-30,2025-05-05,one,,,,,,tea,T-2,,", "bad_amount"),
    7000: ("F32,x-32,2025-05-05,1.00,,,,,,tea,T-1,,", "two_members"),
    7001: ("F32,x-33,2025-05-05,1.00,,,,,,tea,T-2,,", "two_members"),
    8000: ("F34,m-490,2025-12-24,1.00,refund,NOBODY,,,,,,,", "unknown_order"),
    8001: ("F35,m-491,2025-12-24,1.00,refund,o-5990,,,,,,,", "other_member"),
    # Line 5990 is an order of 5990 % 89 = 27 and 90 cents.
    8002: ("F36,m-490,2025-12-24,27.91,refund,o-5990,,,,,,,", "refund_exceeds_order"),
    9000: ("KNOWN,m-001,2025-01-01,11.00,,,,,,,,,", "changed"),
}
# What is said of some of them, word by word.
DETAILS = {
    251: (
        "ordered_at: «03/04/2025» may be day or month first; "
        "say which (--date-format dmy or mdy)"
    ),
    1001: "member: is empty; a value is needed",
    2000: "currency: «USD» is not the programme's, EUR",
    5000: "the row has 3 columns, the header has 13",
    6000: (
        "order_id: the order is on line 5990; a further line needs a sku or a category"
    ),
    6500: "line 6501 of the same order was refused",
    8000: "refund_of: there is no order NOBODY of this source",
    9000: "order_id: KNOWN is known with other content; say --update to replace it",
}


def good(line: int) -> str:
    day = date(2025, 1, 1) + timedelta(days=line % 300)
    amount = f"{line % 89}.{line % 100:02}"
    if line == 20:
        amount = '"20,20"'
    return (
        f"o-{line},m-{line % 500:03},{day},{amount},,,EUR,web,S{line % 7},"
        f"tea,T-{line % 11},1,0.10"
    )


@pytest.fixture
def berlin():
    first = ProgrammeVersion.objects.get()
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "time_zone": "Europe/Berlin"},
        effective_from=NOW - timedelta(days=1),
        created_at=NOW,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [FAULTS[n][0] if n in FAULTS else good(n) for n in range(2, LAST + 1)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


@pytest.fixture
def loaded(load, csv_file, berlin, file, tmp_path):
    """The file after one load: its summary and its rejects."""
    with clock.override(NOW):
        load("orders", csv_file(BEFORE, name="before.csv"), "--source", "shop")
        summary = load(
            "orders", file, "--source", "shop", "--rejects", str(tmp_path / "bad.csv")
        )
    return summary, rejects_of(tmp_path / "bad.csv")


def rejects_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_37_faults_of_many_kinds():
    assert len(FAULTS) == 37
    assert len({reason for _row, reason in FAULTS.values()}) == 25


def test_9963_rows_load_and_37_are_quarantined(loaded):
    summary, _rejects = loaded

    assert summary.code == 3
    assert summary == {
        "read": 10_000,
        "loaded": 9_963,
        "updated": 0,
        "unchanged": 0,
        "rejected": 37,
        # 500 members in the good rows, one of them known; no bad row makes one.
        "members_created": 499,
        "stores_created": 7,
        "columns": {name: name for name in HEADER.split(",")},
        "batch": ImportBatch.objects.latest("pk").pk,
        "dry_run": False,
    }
    assert Order.objects.count() == 9_963 + 1


def test_each_fault_is_told_with_its_line_and_its_reason(loaded):
    _summary, rejects = loaded

    told = [(int(row["line"]), row["reason"]) for row in rejects]
    assert told == [(line, reason) for line, (_row, reason) in FAULTS.items()]
    details = {int(row["line"]): row["detail"] for row in rejects}
    assert {line: details[line] for line in DETAILS} == DETAILS


def test_rejects_hold_the_row_for_mending(loaded):
    _summary, rejects = loaded

    by_line = {row["line"]: row["raw"] for row in rejects}
    assert '"order_id": "F01"' in by_line["100"]
    assert '"ordered_at": "nonsense"' in by_line["100"]
    # Where the row has not the header's columns it is kept as it stood.
    assert "F26,x-26,2025-05-05" in by_line["5000"]
    assert 'F28,\\"x-28' in by_line["5002"]


def test_the_same_file_again_changes_nothing(loaded, load, file, tmp_path):
    before, (_summary, first) = books("orders", "lines", "members", "stores"), loaded

    with clock.override(NOW + timedelta(hours=1)):
        again = load(
            "orders", file, "--source", "shop", "--rejects", str(tmp_path / "2.csv")
        )

    assert (again.code, again["loaded"], again["unchanged"]) == (3, 0, 9_963)
    assert (again["rejected"], again["members_created"]) == (37, 0)
    assert books("orders", "lines", "members", "stores") == before
    assert rejects_of(tmp_path / "2.csv") == first
    assert waiting_tables() == []


def test_a_dry_run_says_the_same_and_changes_nothing(
    loaded, load, csv_file, file, tmp_path
):
    before = books()

    with clock.override(NOW):
        tried = load(
            "orders",
            file,
            *("--source", "shop2", "--dry-run", "--rejects", str(tmp_path / "d.csv")),
        )

    # Under another source nothing is known yet: KNOWN is an order like any other.
    assert (tried.code, tried["loaded"], tried["rejected"]) == (3, 9_964, 36)
    assert (tried["members_created"], tried["dry_run"]) == (500, True)
    assert books() == before
    assert len(rejects_of(tmp_path / "d.csv")) == 36
    assert waiting_tables() == []
