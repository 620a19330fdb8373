from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.imports import texts
from members.imports.texts import Address
from members.imports.values import Bad


def word_of(read):
    return read.reason if isinstance(read, Bad) else read


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("00001", "00001"),
        (" 00001 ", "00001"),
        ("13085.0", "13085"),
        (13085.0, "13085"),
        (Decimal("13085.0"), "13085"),
        (13085, "13085"),
        ("13085.5", "13085.5"),
        ("Ｃ４８９", "C489"),
        ("ana/7", "ana/7"),
        ("", None),
        ("NULL", None),
        (float("nan"), None),
        ("1.23E+15", "bad_identifier"),
        (True, "bad_identifier"),
        ("a\x00b", "bad_identifier"),
        ("x" * 201, "too_long"),
    ],
)
def test_identifier_reads_keys(cell, expected):
    assert word_of(texts.identifier(cell, limit=200, field="member")) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("c-17", Address("shop", "c-17")),
        ("~cdnow:00001", Address("cdnow", "00001")),
        ("~email:Ana@Example.ORG", Address("email", "ana@example.org")),
        ("~phone:030 123456", Address("phone", "+4930123456")),
        ("~email:nobody", "bad_email"),
        ("~external: ", "bad_identifier"),
        ("", None),
    ],
)
def test_address_has_its_source_as_type_unless_it_names_one(cell, expected):
    read = texts.address(cell, source="shop", region="DE", field="member")

    assert word_of(read) == expected


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("+86 138 0013 8000", None, "+8613800138000"),
        ("0086 13800138000", None, "+8613800138000"),
        ("13800138000", "CN", "+8613800138000"),
        (13800138000.0, "CN", "+8613800138000"),
        ("138-0013-8000", None, "ambiguous_phone"),
        ("12", "CN", "bad_phone"),
        ("call me", "CN", "bad_phone"),
        ("", None, None),
    ],
)
def test_phone_is_normalised_to_e164(cell, region, expected):
    assert word_of(texts.phone(cell, region=region, field="phone")) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Ana@Example.org", "ana@example.org"),
        ("ana@example", "bad_email"),
        ("ana@@example.org", "bad_email"),
        ("ana example.org", "bad_email"),
        ("", None),
    ],
)
def test_email_is_lower_case(cell, expected):
    assert word_of(texts.email(cell, field="email")) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("yes", True),
        ("是", True),
        (1, True),
        ("TRUE", True),
        ("否", False),
        ("0", False),
        ("", None),
        ("maybe", "bad_choice"),
    ],
)
def test_yes_or_no(cell, expected):
    assert word_of(texts.yes_or_no(cell, field="email_consent")) == expected


@given(st.text(max_size=60))
def test_readers_never_raise(cell):
    texts.identifier(cell, limit=200, field="x")
    texts.email(cell, field="x")
    texts.phone(cell, region="DE", field="x")
    texts.text(cell, limit=40, field="x")
    texts.yes_or_no(cell, field="x")
