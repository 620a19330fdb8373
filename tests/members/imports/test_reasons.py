from __future__ import annotations

import re
from pathlib import Path

import pytest

from members.imports import reasons
from members.imports.reasons import Explained, explained

ROOT = Path(__file__).resolve().parents[3]
LABELS = {"ordered_at": "Date and time", "member": "Member"}


def test_every_reason_a_loader_of_orders_gives_has_its_sentence():
    files = [*(ROOT / "members/imports").glob("*.py")]
    files += [*(ROOT / "loyalty/orders").glob("*.py")]
    sources = "".join(file.read_text(encoding="utf-8") for file in files)
    given = set(re.findall(r'Bad\(\s*"(\w+)"', sources))
    given |= set(re.findall(r"THEN '(\w+)'", sources))
    given |= set(re.findall(r"(?:verdict|reason) = '(\w+)'", sources))
    # Kinds, and verdicts that refuse nothing.
    given -= {"new", "unchanged", "update", "order", "refund"}

    assert given | {"duplicate", "changed", "other_member"} == set(reasons.REASONS)


@pytest.mark.parametrize(
    ("detail", "field", "value"),
    [
        ("ordered_at: «31/02/2026» is not a date", "Date and time", "31/02/2026"),
        ("member: is empty; a value is needed", "Member", ""),
        ("shoe_size: «x» is not a number", "shoe_size", "x"),
        ("the row has 3 columns, the header has 4", "", ""),
        ("", "", ""),
    ],
)
def test_detail_gives_field_and_value(detail, field, value):
    said = explained(reason="bad_date", detail=detail, labels=LABELS, own={})

    assert (said.field, said.value) == (field, value)


def test_a_reason_without_a_sentence_keeps_its_detail():
    said = explained(reason="odd", detail="member: is odd", labels=LABELS, own={})

    assert said == Explained(sentence="member: is odd", field="Member", value="")


def test_docs_list_every_reason():
    page = (ROOT / "docs/imports.md").read_text(encoding="utf-8")

    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.M))

    assert listed >= set(reasons.REASONS)


def test_a_kind_s_own_words_go_before_those_of_all():
    said = explained(
        reason="duplicate",
        detail="member: twice",
        labels=LABELS,
        own={"duplicate": "x"},
    )

    assert said == Explained(sentence="x", field="Member", value="")
