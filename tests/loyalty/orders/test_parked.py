"""Refunds that come before their order: kept, and applied however the order comes."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from config.lib import clock
from loyalty.orders import parking, tasks
from loyalty.orders.models import Order, ParkedRefund
from loyalty.points import audit
from members.api import authentication
from tests.api import code, errors
from tests.loyalty.orders.test_refunds_by_two_roads import TOLD, load
from tests.shop import Shop

__all__ = ["load"]
AT = "2026-03-01T10:00:00+01:00"


@pytest.fixture
def shop(db):
    return Shop(pending_days=0).at(TOLD)


def refund_of(shop, order, number="early", **what):
    body = {"external_id": number, "refunded_at": TOLD, **(what or {"full": True})}
    return shop.api.post(f"orders/~external:{order}/refunds/", body)


def test_refund_waits_for_an_order_that_comes_by_file(shop, load):
    member = shop.member()
    assert refund_of(shop, "f-1", amount="4.00").status_code == 202

    load(f"f-1,{member.removeprefix('~external:')},2026-03-01 10:00,10.00,order,,,")

    found = shop.api.get("orders/~external:f-1/").json()
    assert [one["refund_amount"] for one in found["refunds"]] == ["4.00"]
    assert shop.points(member)["balance"] == 6
    assert ParkedRefund.objects.get().applied_at is not None
    assert audit.audit().ok


def test_refund_that_a_file_s_order_missed_is_applied_by_the_sweep(shop, load):
    """Kept in the moment the file's order was written: neither saw the other."""
    member = shop.member()
    order = shop.order(member, AT, "10.00")
    told = parking.Told(
        external_id="late", refunded_at=shop_time(TOLD), amount_minor=400
    )
    ParkedRefund.objects.create(
        source="external",
        order_external_id=order["external_id"],
        external_id="late",
        payload=parking._dump(told),
        received_at=shop_time(TOLD),
    )

    with clock.override(shop_time(TOLD)):
        tasks.apply_parked()
        tasks.apply_parked()

    assert shop.points(member)["balance"] == 6
    assert Order.objects.filter(kind="refund").count() == 1


def shop_time(text):
    from datetime import datetime  # noqa: PLC0415

    return datetime.fromisoformat(text)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(10))
def test_refund_that_meets_its_order_is_never_lost(attempt):
    """Order and full refund at once, from two threads: whoever is first, nothing is left."""
    authentication.forget()
    shop = Shop(pending_days=0).at(TOLD)
    member = shop.member()
    start = threading.Barrier(2)
    answers = {}

    def order():
        start.wait(30)
        body = {
            "external_id": "both",
            "member": member,
            "placed_at": AT,
            "lines": [{"amount": "10.00"}],
        }
        answers["order"] = shop.api.post("orders/", body)
        connections.close_all()

    def refund():
        start.wait(30)
        answers["refund"] = refund_of(shop, "both")
        connections.close_all()

    threads = [threading.Thread(target=work) for work in (order, refund)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert answers["order"].status_code == 201
    assert answers["refund"].status_code in (201, 202)
    found = shop.api.get("orders/~external:both/").json()
    assert [one["refund_amount"] for one in found["refunds"]] == ["10.00"]
    assert shop.points(member)["balance"] == 0
    assert audit.audit().ok


def test_pieces_come_back_one_by_one_as_exactly_the_whole(shop):
    member = shop.member()
    lines = [{"amount": "10.00", "quantity": 3}]
    order = shop.order(member, AT, lines=lines)

    said = [
        shop.refund(order["id"], TOLD, lines=[{"line": 1, "quantity": 1}]).json()
        for _ in range(3)
    ]
    fourth = shop.refund(order["id"], TOLD, lines=[{"line": 1, "quantity": 1}])

    assert [one["refund_amount"] for one in said] == ["3.33", "3.33", "3.34"]
    assert sum(one["points_reversed"] for one in said) == 10
    assert code(fourth) == (409, "refund_exceeds_order")


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ([{"line": 1, "quantity": 5}], "lines.0.quantity"),
        ([{"line": 2, "quantity": 2}], "lines.0.quantity"),
        (
            [{"line": 1, "quantity": 2}, {"line": 1, "quantity": 2}],
            "lines.1.quantity",
        ),
    ],
)
def test_more_pieces_than_were_bought_are_refused(shop, lines, refused):
    """A line that tells no quantity is one piece."""
    told = [{"amount": "10.00", "quantity": 3}, {"amount": "5.00"}]
    order = shop.order(shop.member(), AT, lines=told)

    response = shop.refund(order["id"], TOLD, lines=lines)

    assert code(response) == (409, "refund_exceeds_order")
    assert response.json()["field"] == refused


def test_goodwill_for_a_line_is_no_piece_of_it(shop):
    lines = [{"amount": "9.00", "quantity": 3}]
    order = shop.order(shop.member(), AT, lines=lines)
    shop.refund(order["id"], TOLD, lines=[{"line": 1, "amount": "2.00"}])

    piece = shop.refund(order["id"], TOLD, lines=[{"line": 1, "quantity": 1}]).json()
    rest = shop.refund(order["id"], TOLD, lines=[{"line": 1, "quantity": 2}]).json()

    assert (piece["refund_amount"], rest["refund_amount"]) == ("3.00", "4.00")


def test_numbers_that_are_tern_s_own_are_refused_for_refunds_too(shop):
    order = shop.order(shop.member(), AT, "10.00")
    body = {"external_id": f"~cancel:{order['id']}", "refunded_at": TOLD, "full": True}

    refused = shop.api.post(f"orders/{order['id']}/refunds/", body)

    assert errors(refused) == [("external_id", "invalid")]
    assert shop.api.post(f"orders/{order['id']}/cancel/").status_code in (200, 201)


@pytest.mark.parametrize(
    ("act", "field"), [("deliver", "delivered_at"), ("cancel", "cancelled_at")]
)
def test_nothing_happens_to_an_order_before_it_was_placed(shop, act, field):
    order = shop.order(shop.member(), AT, "10.00")

    early = shop.api.post(
        f"orders/{order['id']}/{act}/", {field: "2025-03-01T10:00:00Z"}
    )
    late = shop.api.post(
        f"orders/{order['id']}/{act}/", {field: "2027-03-01T10:00:00Z"}
    )

    assert code(early) == (409, "before_order")
    assert code(late)[1] == "future"
    assert early.json()["field"] == late.json()["field"] == field
