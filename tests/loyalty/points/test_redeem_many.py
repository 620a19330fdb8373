"""Redemptions in bulk are the same redemptions one by one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.points import bulk, errors, services
from loyalty.points.bulk import Redemption
from loyalty.points.models import Account, Allocation, Transfer
from members.programme.rules import Settings
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
RULES = Settings(point_value=Decimal("0.01"))
HOUR = timedelta(hours=1)


def give(member, points, *, at=AT, number=0):
    services.adjust(
        member_id=member.pk,
        points=points,
        reference=f"{member.pk}-{number}-{at}",
        reason="test",
        actor="",
        at=at,
        now=at,
        settings=RULES,
    )


def redeem_many(*redemptions, now=AT):
    return bulk.redeem_many(redemptions=redemptions, actor="", settings=RULES, now=now)


def redemption(member, points, reference="r", at=AT):
    return Redemption(member_id=member.pk, points=points, reference=reference, at=at)


def test_row_that_is_refused_says_why_and_leaves_the_others_standing():
    poor, rich = factories.member(), factories.member()
    give(rich, 100)

    refused, done = redeem_many(redemption(poor, 5), redemption(rich, 30))

    assert isinstance(refused.refusal, errors.InsufficientPoints)
    assert refused.refusal.facts["asked"] == 5
    assert (refused.transfer_id, done.refusal) == (None, None)
    assert Account.objects.get(member=rich).unspent == 70


def test_same_rows_again_post_nothing():
    member = factories.member()
    give(member, 100)
    rows = [redemption(member, 30, "a"), redemption(member, 40, "b")]
    first = redeem_many(*rows)

    again = redeem_many(*rows)

    assert [one.replayed for one in again] == [True, True]
    assert [one.transfer_id for one in again] == [one.transfer_id for one in first]
    assert Account.objects.get(member=member).unspent == 30


def test_row_meets_the_redemption_a_till_made_and_refuses_another_under_its_key():
    member = factories.member()
    give(member, 100)
    services.redeem(
        member_id=member.pk,
        points=30,
        reference="r",
        actor="",
        at=AT,
        now=AT,
        settings=RULES,
    )

    met, conflict = redeem_many(redemption(member, 30), redemption(member, 31))

    assert met.replayed
    assert isinstance(conflict.refusal, errors.ReferenceConflict)


def test_nothing_to_redeem_is_no_error():
    assert redeem_many() == []


def books(members):
    """Everything that was posted, without ids."""
    numbers = {member.pk: place for place, member in enumerate(members)}
    transfers = Transfer.objects.filter(kind="redeem").order_by("pk")
    lots = Allocation.objects.order_by("transfer_id", "lot_id")
    return (
        [
            (
                numbers[one.debit_account.member_id],
                one.points,
                one.occurred_at,
                one.posted_at,
            )
            for one in transfers.select_related("debit_account")
        ],
        [(one.points, one.lot.points, one.lot.earned_at) for one in lots],
        list(
            Account.objects.filter(member__in=members)
            .order_by("pk")
            .values_list("unspent", "debt")
        ),
    )


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 60), st.integers(0, 48)), max_size=12
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lots=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50)), max_size=8),
    rows=ROWS,
    as_it_happens=st.booleans(),
)
def test_random_rows_equal_one_by_one(db, lots, rows, as_it_happens):
    rows = sorted(rows, key=lambda row: row[2])
    now = AT + 48 * HOUR

    def one_by_one(members):
        for n, (who, points, hours) in enumerate(rows):
            at = AT + hours * HOUR
            try:
                services.redeem(
                    member_id=members[who].pk,
                    points=points,
                    reference=str(n),
                    actor="",
                    at=at,
                    now=at if as_it_happens else now,
                    settings=RULES,
                )
            except errors.InsufficientPoints:
                continue

    def at_once(members):
        redeem_many(
            *(
                redemption(members[who], points, str(n), AT + hours * HOUR)
                for n, (who, points, hours) in enumerate(rows)
            ),
            now=None if as_it_happens else now,
        )

    found = []
    for way in (one_by_one, at_once):
        with transaction.atomic():
            members = [factories.member() for _ in range(3)]
            for n, (who, points) in enumerate(lots):
                give(members[who], points, at=AT - n * HOUR, number=n)
            for member in members:
                give(member, 1, at=AT - 24 * HOUR)
            way(members)
            found.append(books(members))
            transaction.set_rollback(True)
    assert found[0] == found[1]
