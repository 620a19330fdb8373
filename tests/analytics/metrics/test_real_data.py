"""The public data sets: published totals, and every definition against the oracle."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.analytics.metrics.agreement import check_all
from tests.analytics.world import (
    ask,
    cdnow,
    online_retail,
    online_retail_documents,
    world,
)


def test_cdnow_loads_to_its_published_totals(shared_data):
    facts = world(cdnow(shared_data), as_of="1998-06-30")

    answer = ask(facts, "spend")

    assert (answer["value"], answer["n"]) == ("2500315.63", 69_659)
    assert ask(facts, "members")["value"] == 23_570


def test_online_retail_documents_load_to_their_totals(shared_data):
    facts = world(online_retail_documents(shared_data), as_of="2010-12-09")

    answer = ask(facts, "spend")

    assert (answer["gross"], answer["refunds"], answer["value"]) == (
        "8832003.26",
        "483794.70",
        "8348208.56",
    )


def test_online_retail_orders_load_to_their_published_counts(shared_data):
    facts = world(online_retail(shared_data), as_of="2011-12-09")

    assert (ask(facts, "orders")["value"], ask(facts, "members")["value"]) == (
        18_532,
        4_338,
    )


@pytest.mark.slow
@pytest.mark.parametrize("as_of", [date(1998, 6, 30), date(1997, 9, 30)])
def test_cdnow_meets_every_definition(shared_data, as_of):
    check_all(cdnow(shared_data), as_of, period=(as_of - timedelta(days=180), as_of))


@pytest.mark.slow
def test_online_retail_meets_every_definition(shared_data):
    period = (date(2011, 6, 1), date(2011, 11, 30))

    check_all(online_retail(shared_data), date(2011, 12, 9), period=period)


@pytest.mark.slow
def test_online_retail_with_refunds_meets_every_definition(shared_data):
    period = (date(2010, 6, 1), date(2010, 11, 30))

    check_all(online_retail_documents(shared_data), date(2010, 12, 9), period=period)
