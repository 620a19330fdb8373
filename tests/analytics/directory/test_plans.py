"""The member list is read in the order of an index, never sorted as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.directory import queries, rules
from analytics.directory.queries import Reach
from analytics.directory.rules import SORTS, Listing, Place
from analytics.metrics.enums import Stage, ValueTier
from analytics.values.models import MemberValue, ValueRun
from tests import factories

pytestmark = pytest.mark.django_db

SUMS = (
    "orders",
    "refunds",
    "gross_minor",
    "refunded_minor",
    "spend_minor",
    "orders_12m",
    "spend_12m_minor",
    "categories",
)
PLACES = {"name": "m", "joined": "2026-01-01", "last": "2026-01-01"}
# On few rows the planner would scan and sort, rightly; it is told not to where it can.
UNLIKE_FEW_ROWS = "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"


def nodes(plan: dict) -> Iterator[str]:
    yield plan["Node Type"]
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


@pytest.mark.parametrize("deep", [False, True], ids=["first page", "deep"])
@pytest.mark.parametrize("stage", [None, Stage.LOYAL])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("key", list(SORTS))
def test_a_page_is_read_in_the_order_of_an_index(key, direction, stage, deep):
    after = Place(PLACES.get(key, 7), 5) if deep else None
    listing = Listing(sort=SORTS[key], direction=direction, stage=stage, after=after)

    with CaptureQueriesContext(
        connection,
    ) as captured:
        queries.page(listing=listing, reach=Reach(store_ids=None))

    with connection.cursor() as cursor:
        cursor.execute(UNLIKE_FEW_ROWS)
        cursor.execute(f"EXPLAIN (FORMAT JSON) {captured[0]['sql']}")
        plan = cursor.fetchone()[0][0]["Plan"]
    assert {"Sort", "Incremental Sort", "Seq Scan"} & set(nodes(plan)) == set()


def test_two_values_together_are_counted_as_far_as_a_long_list_goes(monkeypatch):
    monkeypatch.setattr(rules, "EXACT_UP_TO", 2)
    run = ValueRun.objects.create(
        as_of=date(2026, 3, 1),
        state="running",
        settings_number=1,
        started_at=factories.AT,
    )
    for _n in range(4):
        MemberValue.objects.create(
            member=factories.member(),
            run=run,
            external_id="",
            stage=Stage.LOYAL,
            value_tier="low",
            **dict.fromkeys(SUMS, 0),
        )
    reach = Reach(store_ids=None)

    one = queries.count(listing=Listing(stage=Stage.LOYAL), reach=reach)
    both = Listing(stage=Stage.LOYAL, value_tier=ValueTier.LOW)
    two = queries.count(listing=both, reach=reach)

    assert (one.value, one.is_estimate) == (4, False)
    assert (two.value >= 3, two.is_estimate) == (True, True)
