"""What no statement may do to the books, whoever sends it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from loyalty.points import services
from loyalty.points.models import Lot
from tests.loyalty.points.test_kernel import Books, on

EARNED = on("2026-01-01")
TERMS = [
    ("loyalty_lot", "id = id + 1000"),
    ("loyalty_lot", "account_id = account_id + 1000"),
    ("loyalty_lot", "transfer_id = transfer_id + 1000"),
    ("loyalty_lot", "points = points + 1"),
    ("loyalty_lot", "earned_at = earned_at - interval '1 day'"),
    ("loyalty_lot", "rolling = NOT rolling"),
    ("loyalty_lot", "origin_id = id"),
    ("loyalty_lot", "available_at = available_at + interval '1 day'"),
    ("loyalty_lot", "available_at = NULL"),
    ("loyalty_lot", "expires_at = expires_at + interval '1 day'"),
    ("loyalty_lot", "expires_at = expires_at - interval '1 day'"),
    ("loyalty_lot", "expires_at = NULL"),
    ("loyalty_lot", "remaining = remaining - 1, points = points - 1"),
    ("loyalty_account", "id = id + 1000"),
    ("loyalty_account", "member_id = member_id + 1000"),
    ("loyalty_account", "currency = 'stars'"),
    ("loyalty_account", "role = 'issued'"),
    ("loyalty_account", "unspent = unspent - 1, currency = 'stars'"),
    ("loyalty_transfer", "reason = 'another'"),
    ("loyalty_allocation", "points = points + 1"),
    ("loyalty_hold", "points = points + 1"),
    ("loyalty_hold", "expires_at = expires_at + interval '1 day'"),
    ("loyalty_hold", "reference = 'another'"),
]


def sent(statement: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


@pytest.fixture
def books(db) -> Books:
    """A lot that ends, something spent of it and something held."""
    books = Books()
    books.earn(100, EARNED, expires=on("2027-01-01"))
    books.spend(10, on("2026-02-01"))
    services.hold(
        member_id=books.member.pk,
        points=5,
        reference="basket",
        now=on("2026-02-01"),
        expires_at=on("2026-02-02"),
        settings=books.settings,
    )
    return books


@pytest.mark.parametrize(("table", "change"), TERMS)
def test_a_row_keeps_its_terms(books, table, change):
    with pytest.raises(IntegrityError, match="never changed"):
        sent(f"UPDATE {table} SET {change}")


@pytest.mark.parametrize(
    "table",
    ["lot", "account", "transfer", "allocation", "hold", "holdallocation"],
)
def test_no_row_is_deleted(books, table):
    with pytest.raises(IntegrityError, match="never changed"):
        sent(f"DELETE FROM loyalty_{table}")


def test_what_is_left_changes_and_points_may_be_there_sooner(books):
    lots = "UPDATE loyalty_lot SET"

    assert sent(f"{lots} remaining = remaining - 1") == 1
    assert sent(f"{lots} available_at = available_at - interval '1 day'") == 1


def test_the_end_of_points_that_follow_activity_only_moves_on(books):
    lot = Lot.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining,"
            " earned_at, available_at, expires_at, rolling)"
            " SELECT account_id, transfer_id, 1, 1, earned_at, available_at, expires_at,"
            " true FROM loyalty_lot RETURNING id"
        )
        rolling = cursor.fetchone()[0]
    later = f"UPDATE loyalty_lot SET expires_at = expires_at + interval '1 day' WHERE id = {rolling}"

    assert sent(later) == 1
    assert Lot.objects.get(pk=rolling).expires_at == lot.expires_at + timedelta(days=1)
    with pytest.raises(IntegrityError, match="never changed"):
        sent(later.replace("+", "-"))
