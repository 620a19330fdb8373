"""Real threads on the real database: whoever is first, the books are exact."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from psycopg.types.json import Jsonb

from loyalty.points import audit, errors, kernel, nightly, queries, services
from loyalty.points.models import Transfer
from members.programme import rules as programme
from tests import factories
from tests.loyalty.points.test_kernel import SETTINGS, Books, on

pytestmark = pytest.mark.django_db(transaction=True)
AT = on("2026-03-01")
THREADS = 12


def at_once(works: Sequence[Callable[[], object]]) -> Counter[str]:
    """Run all, each thread on a connection of its own; count results by their name."""
    found: Counter[str] = Counter()
    lock = threading.Lock()
    start = threading.Barrier(min(THREADS, len(works)))
    waiting = iter(works)

    def one() -> None:
        start.wait()
        try:
            while True:
                with lock:
                    work = next(waiting, None)
                if work is None:
                    return
                try:
                    work()
                    name = "done"
                except errors.PointsRefused as refusal:
                    name = refusal.code
                with lock:
                    found[name] += 1
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for thread in [pool.submit(one) for _ in range(min(THREADS, len(works)))]:
            thread.result()
    return found


def spend(member, points, reference, at=AT):
    return services.redeem(
        member_id=member.pk,
        points=points,
        reference=reference,
        actor="",
        at=at,
        now=at,
        settings=SETTINGS,
    )


def left(member, at=AT):
    account = queries.account_of(member_id=member.pk, currency="points")
    return queries.balance(account=account, at=at, settings=SETTINGS).balance


def test_l12_of_200_spends_of_one_on_100_points_exactly_100_succeed():
    books = Books()
    books.earn(100, AT)

    found = at_once(
        [lambda n=n: spend(books.member, 1, f"till-{n}") for n in range(200)]
    )

    assert found == {"done": 100, "insufficient_points": 100}
    assert left(books.member) == 0
    assert audit.audit().ok


def test_l13_opposite_transfers_never_block_each_other():
    one, other = Books(), Books()
    one.earn(2_000, AT)
    other.earn(2_000, AT)

    def give(giver, taker, n):
        return lambda: services.transfer(
            from_member_id=giver.member.pk,
            to_member_id=taker.member.pk,
            points=1,
            reference=f"{giver.member.pk}-{n}",
            actor="",
            now=AT,
            settings=SETTINGS,
        )

    works = [
        give(*pair, n) for n in range(1_000) for pair in ((one, other), (other, one))
    ]
    found = at_once(works)

    assert found == {"done": 2_000}
    assert (left(one.member), left(other.member)) == (2_000, 2_000)
    assert audit.audit().ok


def test_opposite_first_transfers_make_both_accounts_without_blocking():
    pairs = [(factories.member(), factories.member()) for _ in range(60)]

    def give(giver, taker):
        return lambda: services.transfer(
            from_member_id=giver.pk,
            to_member_id=taker.pk,
            points=1,
            reference=f"{giver.pk}-{taker.pk}",
            actor="",
            now=AT,
            settings=SETTINGS,
        )

    works = [give(*way) for a, b in pairs for way in ((a, b), (b, a))]

    assert at_once(works) == {"insufficient_points": 120}


def test_batches_beside_tills_beside_the_night_leave_exact_books():
    """All on the same forty members: what is given less what is spent is what is left."""
    books = Books()
    people = [factories.member() for _ in range(40)]
    for person in people:
        books.member = person
        books.earn(50, on("2026-01-01"), expires=AT)
    numbers = count()

    def batch(n):
        return lambda: kernel.run(
            "SELECT count(*) FROM points_credit('points', 'issued', 'earn', %(members)s::bigint[],"
            " array_fill(10::bigint, ARRAY[40]), %(references)s, array_fill(''::text, ARRAY[40]),"
            " array_fill(%(at)s::timestamptz, ARRAY[40]), array_fill(%(at)s::timestamptz, ARRAY[40]),"
            " array_fill(NULL::timestamptz, ARRAY[40]), array_fill(false, ARRAY[40]),"
            " array_fill(1, ARRAY[40]), array_fill(%(parts)s::jsonb, ARRAY[40]), '', '', %(at)s)",
            {
                # Every batch in another order: locks are taken by id all the same.
                "members": [
                    person.pk for person in people[n % 40 :] + people[: n % 40]
                ],
                "references": [f"batch:{n}:{k}" for k in range(40)],
                "at": AT,
                "parts": Jsonb({"1": 10}),
            },
        )

    def till(person):
        return lambda: spend(person, 7, f"till-{next(numbers)}")

    works = [
        work
        for n in range(25)
        for work in (
            batch(n),
            *[till(person) for person in people[n % 8 :: 8]],
            lambda: nightly.catch_up(now=AT, batch=7),
        )
    ]
    found = at_once(works)

    spent = Transfer.objects.filter(kind="redeem").count()
    assert found["done"] == 25 + 25 + spent
    assert Transfer.objects.filter(kind="earn").count() == 40 + 25 * 40
    assert Transfer.objects.filter(kind="expire").count() == 40
    assert sum(left(person) for person in people) == 25 * 40 * 10 - 7 * spent
    assert audit.audit().ok


def placed(books, points=80, hours=1):
    return services.hold(
        member_id=books.member.pk,
        points=points,
        reference="cart",
        expires_at=AT + timedelta(hours=hours),
        now=AT,
        settings=SETTINGS,
    ).hold_id


def captured(hold_id, at):
    return lambda: services.capture(
        hold_id=hold_id, points=None, actor="", now=at, settings=SETTINGS
    )


@pytest.mark.parametrize("attempt", range(5))
def test_of_two_captures_of_one_hold_one_wins(attempt):
    books = Books()
    books.earn(100, AT)
    hold_id = placed(books)

    found = at_once([captured(hold_id, AT)] * 2)

    assert found == {"done": 1, "hold_resolved": 1}
    assert left(books.member) == 20
    assert audit.audit().ok


@pytest.mark.parametrize("attempt", range(5))
def test_capture_in_its_last_moment_or_time_out_but_never_both(attempt):
    books = Books()
    books.earn(100, AT)
    hold_id = placed(books)
    end = AT + timedelta(hours=1)

    found = at_once(
        [
            captured(hold_id, end - timedelta(microseconds=1)),
            lambda: nightly.catch_up(now=end),
        ]
    )

    won = found == {"done": 2}
    assert won or found == {"done": 1, "hold_resolved": 1}
    assert left(books.member, end) == (20 if won else 100)
    assert audit.audit().ok


def test_same_reference_from_many_threads_posts_once():
    books = Books()
    books.earn(100, AT)

    found = at_once([lambda: spend(books.member, 30, "till-1")] * 24)

    assert found == {"done": 24}
    assert left(books.member) == 70
    assert Transfer.objects.filter(kind="redeem").count() == 1


def test_same_reference_for_two_members_is_posted_for_one_and_refused_for_the_other():
    pairs = [Books(), Books()]
    for books in pairs:
        books.count = -1  # so that both build one reference below

    def earn(member, n):
        return lambda: services.adjust(
            member_id=member.pk,
            points=5,
            reference=f"goodwill-{n}",
            reason="",
            actor="",
            at=AT,
            now=AT,
            settings=SETTINGS,
        )

    found = at_once([earn(books.member, n) for n in range(30) for books in pairs])

    assert found == {"done": 30, "reference_conflict": 30}
    assert sum(left(books.member) for books in pairs) == 150
    assert audit.audit().ok


def test_opposite_conversions_never_block_each_other():
    keys = ("points", "stars")
    two = programme.parse(
        {
            "time_zone": "Europe/Berlin",
            "currencies": [
                {"key": key, "rates": {other: 1}}
                for key, other in zip(keys, keys[::-1], strict=True)
            ],
        },
        number=2,
    )
    member = factories.member()
    for key in keys:
        services.adjust(
            member_id=member.pk,
            points=500,
            reference=key,
            reason="",
            actor="",
            at=AT,
            now=AT,
            settings=two,
            currency=key,
        )

    def convert(source, target, n):
        return lambda: services.convert(
            member_id=member.pk,
            points=1,
            from_currency=source,
            to_currency=target,
            reference=f"{source}-{n}",
            actor="",
            now=AT,
            settings=two,
        )

    ways = (keys, keys[::-1])
    found = at_once([convert(*way, n) for n in range(150) for way in ways])

    assert found == {"done": 300}
    assert left(member) == 500
    assert audit.audit().ok
