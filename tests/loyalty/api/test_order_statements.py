"""What a till's order says at once, and how many statements it costs."""

from __future__ import annotations

import pytest

from loyalty.orders import grants

# It opens and closes the transaction: a savepoint inside that of the test.
TRANSACTION = 2
pytestmark = pytest.mark.django_db


def test_an_order_is_answered_as_it_is_read_later(shop, member):
    shop.give(member, 500)
    lines = [
        {"line_id": "a", "sku": "tea", "category": "tea", "amount": "18.50"},
        {"line_id": "b", "quantity": "2.500", "amount": "9.90", "margin": "1.00"},
        {"goods": False, "amount": "5.00"},
    ]
    body = {
        "external_id": "o-read-1",
        "member": member,
        "placed_at": "2026-03-01T12:00:00+01:00",
        "store": "north",
        "channel": "web",
        "lines": lines,
        "points_redeemed": 300,
    }

    made = shop.api.post("orders/", body)
    again = shop.api.post("orders/", body)
    read = shop.api.get(f"orders/{made.json()['id']}/")

    assert (made.status_code, again.status_code) == (201, 200)
    # 28.40 of goods and 5.00 beside, of which 3.00 are paid by 300 points. By money:
    # 33.40 - 3.00 = 30.40.
    assert (made.json()["total"], made.json()["payable"]) == ("33.40", "30.40")
    assert made.json() == read.json() == again.json()


def test_an_order_costs_as_many_statements_as_it_must(
    shop, member, django_assert_num_queries
):
    """Lock and look-up of the Idempotency-Key, member with programme, the order and all
    it leaves behind, what it earns, the audit, the answer kept."""
    body = {
        "member": member,
        "placed_at": "2024-01-01T00:00:00Z",
        "lines": [{"sku": "tea", "amount": "18.50"}, {"sku": "cup", "amount": "9.90"}],
    }
    shop.api.post("orders/", {**body, "external_id": "o-1"}, key="first")

    with django_assert_num_queries(6 + TRANSACTION):
        made = shop.api.post("orders/", {**body, "external_id": "o-2"}, key="second")

    # The default rule: a point for each whole unit of the order, 28.40.
    assert (made.status_code, made.json()["points_awarded"]) == (201, 28)


def test_a_posting_is_short_enough_for_its_plan_to_be_kept():
    # psycopg keeps how it read a statement of up to so many characters.
    assert len(grants.POST_ONE) <= 4096
