"""Refunds of one order by files and by the till: together exactly what was given."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command

from config.lib import clock
from loyalty.orders.models import EarnBudget
from loyalty.points import audit
from members.imports import uploads
from members.imports.models import ImportBatch
from tests.api import code
from tests.shop import Shop

HEADER = "order_id,member,ordered_at,amount,kind,refund_of,category,sku\n"
TOLD = "2026-03-20T12:00:00+01:00"


@pytest.fixture
def shop(db):
    return Shop(pending_days=0)


@pytest.fixture
def load(tmp_path):
    """Load rows of a file as the till's source, at the time the shop tells of it."""

    def run(*rows):
        path = tmp_path / "orders.csv"
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
        out = StringIO()
        options = ("--source", "external", "--json")
        with clock.override(datetime.fromisoformat(TOLD)):
            call_command("import_orders", str(path), *options, stdout=out)
        found = json.loads(out.getvalue())
        assert found["rejected"] == 0, found

    return run


def buy(shop, member, *amounts, **more):
    at = "2026-03-01T10:00:00+01:00"
    return shop.at(at).order(member, at, *amounts, **more)


def name(member):
    return member.removeprefix("~external:")


def back(order, member, number, day, amount, line=","):
    """A row of a refund; `line` is its category and sku."""
    when = f"2026-03-{day:02} 10:00"
    known = f"{name(member)},{when},{amount},refund,{order['external_id']}"
    return f"{number},{known},{line}"


def test_rest_of_an_order_comes_back_at_the_till_after_a_part_did_by_a_file(shop, load):
    """The file's third takes 1 of 3 points; the rest takes 2, whatever lines round to."""
    member = shop.member()
    order = buy(shop, member, "1.00", "1.00", "1.00")
    assert order["points_awarded"] == 3
    load(back(order, member, "r1", 5, "1.00"))

    rest = shop.at(TOLD).refund(order["id"], TOLD)

    assert rest.status_code == 201, rest.content
    assert rest.json()["points_reversed"] == 2
    assert rest.json()["refund_amount"] == "2.00"
    assert shop.points(member)["balance"] == 0
    assert audit.audit().ok


def test_lines_of_a_file_s_refund_are_its_own_not_the_order_s(shop, load):
    """The file returns the second line as its first: what is left is the first one."""
    member = shop.member()
    order = buy(shop, member, "10.00", "30.00")
    load(back(order, member, "r1", 5, "30.00", "shoes,"))

    rest = shop.at(TOLD).refund(order["id"], TOLD)

    assert rest.status_code == 201, rest.content
    assert rest.json()["refund_amount"] == "10.00"
    assert shop.points(member)["balance"] == 0


def test_points_that_paid_come_back_with_the_money_a_file_tells(shop, load):
    """A third of the money came back by the file: a third of the points too."""
    member = shop.member()
    shop.at("2026-02-01T10:00:00+01:00")
    for _ in range(4):
        shop.give(member, 1_000)
    order = buy(shop, member, "100.00", points_redeemed=4_000)
    assert order["payable"] == "60.00"
    load(back(order, member, "r1", 5, "20.00"))
    assert shop.at(TOLD).points(member)["balance"] == 1_333 + 60 - 20

    half = shop.refund(order["id"], TOLD, amount="33.34").json()
    load(back(order, member, "r2", 6, "20.00"))
    rest = shop.refund(order["id"], TOLD)

    assert (half["refund_amount"], half["points_restored"]) == ("20.00", 1_334)
    assert code(rest) == (409, "refund_exceeds_order")
    assert shop.points(member)["balance"] == 4_000
    assert audit.audit().ok


def test_undone_load_of_refunds_leaves_points_as_they_were_before(shop, load, ana):
    member = shop.member()
    order = buy(shop, member, "100.00", "20.00")
    shop.at(TOLD).refund(order["id"], TOLD, lines=[{"line": 2}])
    load(back(order, member, "r1", 5, "40.00"))
    assert shop.points(member)["balance"] == 60

    uploads.undo(
        batch_id=ImportBatch.objects.get().pk, by=ana, at=datetime.fromisoformat(TOLD)
    )

    assert shop.points(member)["balance"] == 100
    load(back(order, member, "r1", 5, "40.00"))
    assert shop.points(member)["balance"] == 60
    rest = shop.refund(order["id"], TOLD).json()
    assert (rest["refund_amount"], rest["points_reversed"]) == ("60.00", 60)
    assert audit.audit().ok


def test_refunds_of_files_that_come_out_of_order_add_up_to_the_whole(shop, load):
    """1 point of 1.50: half an order each, the later half told first."""
    member = shop.member()
    order = buy(shop, member, "1.50")
    load(back(order, member, "r2", 9, "0.75"))
    load(back(order, member, "r1", 5, "0.75"))

    assert shop.at(TOLD).points(member)["balance"] == 0


def test_returns_by_file_give_the_limit_for_everybody_back(shop, load):
    shop.publish(earn={"caps": {"total": 100}})
    member = shop.member()
    order = buy(shop, member, "100.00")
    assert buy(shop, member, "50.00")["points_awarded"] == 0
    load(back(order, member, "r1", 5, "40.00"))

    assert EarnBudget.objects.get().used == 60
    assert shop.at(TOLD).order(member, TOLD, "50.00")["points_awarded"] == 40


def test_points_of_a_line_whose_money_came_back_by_a_file_go_with_the_next_refund(
    shop, load
):
    """0.27 of 9.00 is less than a point, but it holds all of the line that earned one."""
    shop.publish(earn={"multipliers": {"tea": "2"}})
    member = shop.member()
    at = "2026-03-01T10:00:00+01:00"
    lines = [{"amount": "0.25", "category": "tea"}, {"amount": "8.75"}]
    order = shop.at(at).order(member, at, lines=lines)
    assert order["points_awarded"] == 9
    load(back(order, member, "r1", 5, "0.27", "tea,"))

    rest = shop.at(TOLD).refund(order["id"], TOLD)

    assert rest.json()["refund_amount"] == "8.73"
    assert shop.points(member)["balance"] == 0
