"""The public data sets by the two commands: what issue 2 shows, number by number."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from loyalty.orders.models import Order
from members.profiles.models import Member
from tests.analytics.metrics import commands
from tests.analytics.metrics.agreement import check_all
from tests.analytics.metrics.commands import load, metric
from tests.analytics.world import Bought, cdnow, online_retail, online_retail_documents


@pytest.mark.slow
def test_cdnow_by_command_meets_every_definition(books, shared_data):
    path = shared_data / "cdnow" / "cdnow_transactions.csv"
    as_of = date(1998, 6, 30)

    loaded = load(path, "--source", "cdnow")

    assert (loaded["loaded"], loaded["members_created"]) == (69_659, 23_570)
    spend = metric("spend", as_of=as_of)
    assert (spend["value"], spend["n"]) == ("2500315.63", 69_659)
    assert metric("members", as_of=as_of)["value"] == 23_570
    check_all(
        cdnow(shared_data),
        as_of,
        period=(as_of - timedelta(days=180), as_of),
        ask=partial(commands.metric, as_of=as_of),
    )


@pytest.mark.slow
def test_online_retail_documents_by_command_meet_every_definition(books, shared_data):
    path = shared_data / "online_retail" / "online_retail_II_documents_2009_2010.csv"
    as_of = date(2010, 12, 9)

    load(path, "--source", "uci")

    spend = metric("spend", as_of=as_of)
    assert (spend["gross"], spend["refunds"], spend["value"]) == (
        "8832003.26",
        "483794.70",
        "8348208.56",
    )
    check_all(
        online_retail_documents(shared_data),
        as_of,
        period=(date(2010, 6, 1), date(2010, 11, 30)),
        ask=partial(commands.metric, as_of=as_of),
    )


@pytest.mark.slow
def test_both_online_retail_files_by_command_meet_every_definition(books, shared_data):
    folder = shared_data / "online_retail"
    paths = (
        folder / "online_retail_II_documents_2009_2010.csv",
        folder / "online_retail_orders_2010_2011.csv",
    )
    as_of = date(2011, 12, 9)

    older, newer = (load(path, "--source", "uci") for path in paths)

    # 776 invoices of 1 to 9 December 2010 are in both files, word for word.
    assert (older["loaded"], newer["loaded"], newer["unchanged"]) == (
        23_585,
        17_756,
        776,
    )
    both = both_files(shared_data)
    assert Order.objects.count() == len(both) == 23_585 + 17_756
    assert Member.objects.count() == len({order.member for order in both})
    check_all(
        both,
        as_of,
        period=(date(2011, 6, 1), date(2011, 11, 30)),
        ask=partial(commands.metric, as_of=as_of),
    )
    before = metric("spend", as_of=as_of, by="month")

    again = [load(path, "--source", "uci") for path in paths]

    assert [(one["loaded"], one["unchanged"]) for one in again] == [
        (0, 23_585),
        (0, 18_532),
    ]
    assert metric("spend", as_of=as_of, by="month") == before


def both_files(data) -> list[Bought]:
    """The older file, and of the newer what is later than its last day but for the
    invoices both hold; those of the older's days are told by their own rows."""
    older, newer = online_retail_documents(data), online_retail(data)
    left = older[:]
    for order in newer:
        if order.day <= date(2010, 12, 9):
            assert order in left
        else:
            left.append(order)
    return left
