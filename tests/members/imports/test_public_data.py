"""The public data sets, with figures their README and issue print."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from loyalty.orders.enums import OrderKind
from loyalty.orders.models import Order
from members.profiles.models import Member

pytestmark = pytest.mark.django_db


def total(**filters):
    return Order.objects.filter(**filters).aggregate(sum=Sum("amount_minor"))["sum"]


def test_cdnow_loads_whole_and_a_second_time_changes_nothing(load, shared_data):
    path = shared_data / "cdnow" / "cdnow_transactions.csv"

    first = load("orders", path, "--source", "cdnow")

    assert (first["read"], first["loaded"], first["rejected"]) == (69_659, 69_659, 0)
    assert first["members_created"] == Member.objects.count() == 23_570
    assert total() == 250_031_563
    assert Order.objects.filter(amount_minor=0).count() == 80

    again = load("orders", path, "--source", "cdnow")

    assert (again["loaded"], again["unchanged"]) == (0, 69_659)
    assert total() == 250_031_563


def test_cdnow_sample_asks_which_of_two_columns_is_the_member(refused, shared_data):
    path = shared_data / "cdnow" / "cdnow_sample_transactions.csv"

    said = refused("orders", path)

    assert "“customer_id”, “master_id”" in said
    assert "--map member=" in said
    assert Order.objects.count() == 0


def test_both_online_retail_files_load_under_one_source(load, shared_data):
    folder = shared_data / "online_retail"

    older = load(
        "orders", folder / "online_retail_II_documents_2009_2010.csv", "--source", "uci"
    )
    newer = load(
        "orders", folder / "online_retail_orders_2010_2011.csv", "--source", "uci"
    )

    assert (older["loaded"], older["rejected"]) == (23_585, 0)
    # 776 invoices of early December 2010 are in both files, word for word.
    assert (newer["loaded"], newer["unchanged"], newer["rejected"]) == (17_756, 776, 0)
    assert Order.objects.count() == 23_585 + 17_756


def test_online_retail_documents_have_the_printed_sums(load, shared_data):
    path = shared_data / "online_retail" / "online_retail_II_documents_2009_2010.csv"

    load("orders", path, "--source", "uci")

    assert total(kind=OrderKind.ORDER) == 883_200_326
    assert total(kind=OrderKind.REFUND) == 48_379_470
    assert Member.objects.filter(identifiers__value="13085").count() == 1
