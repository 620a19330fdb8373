"""A replay against a naive calculation in plain Python, for any rules and orders."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from loyalty.orders import earning
from loyalty.orders.enums import OrderKind
from loyalty.points.models import Transfer
from loyalty.replay.rules import EDGES
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.orders.test_earning_at_random import earns, naive, orders, write
from tests.loyalty.replay import playing

returns = st.lists(st.integers(0, 100), min_size=8, max_size=8)


def settings_of(earn):
    caps = {name: limit for name, limit in earn["caps"].items() if limit is not None}
    return {"time_zone": "Europe/Berlin", "earn": {**earn, "caps": caps}}


def give_back(written, shares) -> dict[int, int]:
    """Two refunds of each order, together so many hundredths of its money."""
    returned = {}
    for place, (order, share) in enumerate(zip(written, shares, strict=False)):
        minor = order.amount_minor * share // 100
        for part in (minor // 3, minor - minor // 3):
            if part:
                factories.order(
                    order.member,
                    minor=part,
                    kind=OrderKind.REFUND,
                    refund_of=order,
                    on=order.day,
                    placed_at=order.placed_at,
                )
        returned[place] = minor
    return returned


def expected(earn, told, written, returned) -> tuple[int, int, dict[int, int]]:
    """Points, what is taken back of them, and what each member keeps."""
    points = back = 0
    keeps: dict[int, int] = defaultdict(int)
    for place, parts in naive(earn, told).items():
        earned, whole = sum(parts.values()), written[place].amount_minor
        gone = earned * returned[place] // whole if whole else 0
        points += earned
        back += gone
        keeps[told[place][0]] += earned - gone
    return points, back, keeps


@pytest.mark.django_db
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(today=earns, draft=earns, told=orders, shares=returns, batch=st.integers(1, 4))
def test_a_replay_says_what_a_naive_calculation_says(today, draft, told, shares, batch):
    note(f"{today}\n{draft}\n{told}\n{shares}")
    with transaction.atomic():
        ProgrammeVersion.objects.create(
            number=2,
            settings=settings_of(today),
            effective_from=None,
            created_at=factories.AT,
        )
        members = [factories.member() for _ in range(3)]
        written = write(told, members)
        returned = give_back(written, shares)
        sides = [expected(rule, told, written, returned) for rule in (today, draft)]

        replay = playing.replayed(playing.draft(**settings_of(draft)), batch=batch)

        found = replay.result
        assert [(s["points"], s["back"]) for s in found["sides"]] == [
            (points, back) for points, back, _ in sides
        ]
        differences = [sides[1][2][n] - sides[0][2][n] for n in range(3)]
        of_members = {members[n].pk: d for n, d in enumerate(differences) if d}
        (pair,) = found["pairs"]
        told_of = {row["member_id"]: row["difference"] for row in pair["ends"]}
        assert told_of == of_members
        assert pair["winners"] == sum(d > 0 for d in differences)
        assert pair["losers"] == sum(d < 0 for d in differences)
        assert pair["gained"] - pair["lost"] == sum(differences)
        buckets = Counter(str(bisect_right(EDGES, d)) for d in of_members.values())
        assert pair["buckets"] == dict(buckets)
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(today=earns, told=orders, batch=st.integers(1, 4))
def test_a_replay_of_todays_rules_is_what_the_ledger_says(today, told, batch):
    note(f"{today}\n{told}")
    with transaction.atomic():
        ProgrammeVersion.objects.create(
            number=2,
            settings=settings_of(today),
            effective_from=None,
            created_at=factories.AT,
        )
        members = [factories.member() for _ in range(3)]
        ids = [order.pk for order in write(told, members)]
        earning.earn_many(order_ids=ids, actor="", now=playing.NOW)
        before = list(Transfer.objects.order_by("pk").values())

        replay = playing.replayed(playing.draft(), batch=batch)

        found = replay.result
        posted = sum(row["points"] for row in before)
        assert [side["points"] for side in found["sides"]] == [posted, posted]
        assert found["ledger"]["points"] == posted
        # Nobody spent: what would be owed is what is held.
        assert found["sides"][0]["owed"] == found["ledger"]["remaining"]
        assert list(Transfer.objects.order_by("pk").values()) == before
        transaction.set_rollback(True)
