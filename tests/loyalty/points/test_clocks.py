"""Clocks that disagree: a request that waited for the lock, a machine that is slow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from loyalty.points import audit, errors, kernel, nightly, services
from loyalty.points.models import Account, Allocation, Hold, Transfer
from tests import factories
from tests.loyalty.points.test_kernel import SETTINGS, Books, on

pytestmark = pytest.mark.django_db

EARLY, LATE = on("2026-03-01T09:00"), on("2026-03-01T10:00")


def hold(books, points, *, now, until):
    placed = services.hold(
        member_id=books.member.pk,
        points=points,
        reference="cart",
        expires_at=until,
        now=now,
        settings=SETTINGS,
        terms={},
        currency="points",
    )
    return placed.hold_id


def test_spending_of_a_slow_clock_is_posted_when_its_points_were():
    """The lot was told at ten, of something at eight; the till's clock says nine."""
    books = Books()
    books.earn(100, on("2026-03-01T08:00"), now=LATE)

    spent = books.spend(40, EARLY)

    assert (spent.occurred_at, spent.posted_at) == (EARLY, LATE)
    assert books.numbers(LATE)[:2] == (60, 60)
    assert audit.audit().ok


def test_hold_captured_by_a_slow_clock_ends_no_sooner_than_it_began():
    books = Books()
    books.earn(100, EARLY)
    held = hold(books, 100, now=LATE, until=LATE + timedelta(hours=1))

    services.capture(hold_id=held, points=None, now=EARLY, actor="", settings=SETTINGS)

    assert Hold.objects.get().resolved_at == LATE
    assert audit.audit().ok


def test_hold_whose_time_was_over_before_its_turn_is_refused():
    books = Books()
    books.earn(100, EARLY, now=LATE)

    with pytest.raises(errors.HoldOver):
        hold(books, 10, now=EARLY, until=LATE)

    assert not Hold.objects.exists()


def test_refund_and_gift_of_a_slow_clock():
    books, other = Books(), Books()
    earned = books.earn(100, EARLY)
    other.earn(50, LATE)
    books.spend(30, LATE)

    services.transfer(
        from_member_id=books.member.pk,
        to_member_id=other.member.pk,
        points=20,
        currency="points",
        reference="gift",
        now=EARLY,
        reason="",
        actor="",
        settings=SETTINGS,
    )
    books.give_back(earned, 90, EARLY)

    assert {one.posted_at for one in Transfer.objects.exclude(pk=earned.pk)} == {LATE}
    assert books.numbers(LATE)[4] == 40
    assert audit.audit().ok


def test_batch_of_a_slow_clock_is_posted_a_member_at_a_time():
    """One of two members was posted to at ten; the batch says nine."""
    ahead, behind = Books(), Books()
    ahead.earn(1, EARLY, now=LATE)
    members = [ahead.member.pk, behind.member.pk]

    kernel.run(
        "SELECT * FROM points_credit('points', 'issued', 'earn', %(members)s::bigint[],"
        " ARRAY[10, 10]::bigint[], ARRAY['a', 'b'], ARRAY['', ''],"
        " ARRAY[%(at)s, %(at)s]::timestamptz[], ARRAY[%(at)s, %(at)s]::timestamptz[],"
        " ARRAY[NULL, NULL]::timestamptz[], ARRAY[false, false], ARRAY[1, 1],"
        " ARRAY[NULL, NULL]::jsonb[], '', '', %(at)s)",
        {"members": members, "at": EARLY},
    )

    posted = Transfer.objects.filter(reference__in="ab").order_by("reference")
    assert [one.posted_at for one in posted] == [LATE, EARLY]
    assert audit.audit().ok


def test_night_of_a_slow_clock_expires_what_was_due_and_no_more():
    """It looks at midnight; somebody has posted to the account a day later."""
    midnight = on("2026-03-01T00:00")
    books = Books()
    books.earn(10, on("2026-02-01T00:00"), expires=midnight)
    books.earn(20, on("2026-02-01T00:00"), expires=midnight + timedelta(hours=12))
    # Nothing is caught up by pending points.
    books.earn(
        5, midnight, now=midnight + timedelta(days=1), available=on("2027-01-01T00:00")
    )
    before = Allocation.objects.count()

    nightly.catch_up(now=midnight)

    assert audit.audit().ok
    assert Allocation.objects.count() >= before
    assert all(
        one.posted_at == midnight + timedelta(days=1)
        for one in Transfer.objects.filter(kind="expire")
    )


def test_account_knows_up_to_when_its_books_are_written():
    books = Books()
    books.earn(100, EARLY, now=LATE)
    books.spend(10, LATE + timedelta(hours=1))

    account = Account.objects.get(member=books.member)
    assert account.known_at == LATE + timedelta(hours=1)


@pytest.mark.parametrize(
    "table",
    ["loyalty_transfer", "loyalty_account", "loyalty_hold", "members_auditentry"],
)
def test_books_are_never_emptied(table):
    """The database of tests may be, or nothing could be tested; here it says it may not."""
    factories.member()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL tern.may_empty_books = 'no'")
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
