"""The order of time: what happened first counts first, however late it is posted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.points import audit, errors, nightly, queries, returns, services
from tests.loyalty.points.test_kernel import SETTINGS, Books, on


@pytest.fixture
def books(db):
    return Books()


def hold(books, points, at, ends):
    return services.hold(
        member_id=books.member.pk,
        points=points,
        reference=f"cart-{at}",
        expires_at=ends,
        now=at,
        settings=SETTINGS,
    ).hold_id


def expiries(books):
    account = queries.account_of(member_id=books.member.pk, currency="points")
    told = queries.entries(account=account, limit=100)
    return sorted((e.occurred_at, -e.points) for e in told if e.kind == "expire")


def test_debt_is_paid_by_what_became_available_first_not_by_what_ends_first(books):
    order = books.earn(50, on("2026-01-01"))
    books.earn(
        60, on("2026-01-01"), available=on("2026-02-01"), expires=on("2026-04-01")
    )
    books.earn(
        60, on("2026-01-01"), available=on("2026-02-10"), expires=on("2026-02-20")
    )
    books.spend(50, on("2026-01-02"))
    books.give_back(order, 50, on("2026-01-03"))

    # Nobody looks until the second lot has ended; the first one paid on 1 February.
    nightly.catch_up(now=on("2026-03-01"))

    assert expiries(books) == [(on("2026-02-20"), 60)]
    assert books.numbers(on("2026-03-01")) == (10, 10, 0, 0, 0)


def test_reads_say_the_same_before_any_job_has_run(books):
    order = books.earn(50, on("2026-01-01"))
    books.earn(
        60, on("2026-01-01"), available=on("2026-02-01"), expires=on("2026-04-01")
    )
    books.earn(
        60, on("2026-01-01"), available=on("2026-02-10"), expires=on("2026-02-20")
    )
    books.spend(50, on("2026-01-02"))
    books.give_back(order, 50, on("2026-01-03"))

    assert books.numbers(on("2026-03-01")) == (10, 10, 0, 0, 0)


def test_points_of_a_hold_that_ran_out_expire_then_the_others_at_their_end(books):
    books.earn(100, on("2026-01-01"), expires=on("2026-02-01"))
    hold(books, 30, on("2026-01-30"), on("2026-02-03"))

    nightly.catch_up(now=on("2026-03-01"))

    assert expiries(books) == [(on("2026-02-01"), 70), (on("2026-02-03"), 30)]


def test_hold_released_after_its_lot_ended_lets_the_points_expire_at_once(books):
    books.earn(100, on("2026-01-01"), expires=on("2026-02-01"))
    hold_id = hold(books, 30, on("2026-01-30"), on("2026-02-05"))

    at = on("2026-02-02T10:00")
    services.release(hold_id=hold_id, actor="", now=at, settings=SETTINGS)

    assert expiries(books) == [(on("2026-02-01"), 70), (at, 30)]


def test_points_that_were_away_in_between_cannot_be_spent_late(books):
    """Spent on the 3rd, given back on the 10th: on the 5th they were not there."""
    books.earn(100, on("2026-01-01"))
    spent = books.spend(80, on("2026-01-03"))
    returns.restore(
        redemption=spent,
        points=80,
        reference="back",
        at=on("2026-01-10"),
        now=on("2026-01-10"),
        settings=SETTINGS,
    )

    with pytest.raises(errors.InsufficientPoints) as refused:
        books.spend(21, on("2026-01-05"), now=on("2026-01-11"))
    books.spend(20, on("2026-01-05"), now=on("2026-01-11"))

    assert refused.value.facts["available"] == 20
    account = queries.account_of(member_id=books.member.pk, currency="points")
    past = queries.balance_then(
        account=account,
        at=on("2026-01-05"),
        known_at=on("2026-01-11"),
        settings=SETTINGS,
    )
    assert (past.balance, past.available) == (0, 0)


def test_spending_late_takes_the_lot_that_was_there_and_not_the_one_that_came_back(
    books,
):
    """On 15 January the first lot was spent; it came back on the 20th."""
    books.earn(50, on("2026-01-01"), expires=on("2026-03-01"))
    other = books.earn(50, on("2026-01-01"), expires=on("2026-04-01"))
    spent = books.spend(50, on("2026-01-10"))
    returns.restore(
        redemption=spent,
        points=50,
        reference="back",
        at=on("2026-01-20"),
        now=on("2026-01-20"),
        settings=SETTINGS,
    )

    late = books.spend(50, on("2026-01-15"), now=on("2026-01-25"))

    (taken,) = late.allocations.all()
    assert taken.lot.transfer_id == other.pk
    assert audit.audit().ok


@pytest.mark.parametrize(
    ("policy", "taken", "owed", "uncollected"),
    [
        ("own_then_debt", 150, 50, 0),
        ("not_below_zero", 150, 0, 50),
        ("pending_only", 0, 0, 200),
    ],
)
def test_return_takes_other_lots_before_it_is_a_debt(
    db, policy, taken, owed, uncollected
):
    """Of 200 earned 150 are spent; 100 of another order are there."""
    books = Books(replace(SETTINGS, clawback=policy))
    order = books.earn(200, on("2026-01-01"), expires=on("2026-06-01"))
    books.spend(150, on("2026-01-02"))
    books.earn(100, on("2026-01-03"))

    back = books.give_back(order, 200, on("2026-01-04"))

    assert (back.taken, back.owed, back.uncollected) == (taken, owed, uncollected)


def test_no_more_is_written_off_than_is_owed(books):
    order = books.earn(50, on("2026-01-01"))
    books.spend(50, on("2026-01-02"))
    books.give_back(order, 50, on("2026-01-03"))
    told = {
        "member_id": books.member.pk,
        "reason": "",
        "actor": "",
        "now": on("2026-01-04"),
        "settings": SETTINGS,
    }

    with pytest.raises(errors.NotOwed):
        services.write_off(points=51, reference="much", **told)
    services.write_off(points=50, reference="all", **told)

    assert books.numbers(on("2026-01-04")) == (0, 0, 0, 0, 0)
    assert audit.audit().ok


def test_return_told_late_is_paid_when_points_came_back(books):
    order = books.earn(100, on("2026-01-01"))
    spent = books.spend(100, on("2026-01-03"))
    returns.restore(
        redemption=spent,
        points=60,
        reference="back",
        at=on("2026-01-10"),
        now=on("2026-01-10"),
        settings=SETTINGS,
    )

    returns.reverse(
        earning=order,
        points=100,
        reference="late",
        at=on("2026-01-05"),
        now=on("2026-01-11"),
        settings=SETTINGS,
    )

    account = queries.account_of(member_id=books.member.pk, currency="points")
    debts = [
        queries.balance_then(
            account=account, at=at, known_at=on("2026-01-11"), settings=SETTINGS
        ).debt
        for at in (on("2026-01-05"), on("2026-01-09"), on("2026-01-10"))
    ]
    assert debts == [100, 100, 40]


def test_return_told_late_takes_other_lots_that_have_ended_since(books):
    """In time 40 of the other lot would have been taken on 5 January, not expired."""
    order = books.earn(100, on("2026-01-01"))
    books.spend(40, on("2026-01-02"))
    books.earn(70, on("2026-01-03"), expires=on("2026-02-01"))

    told = returns.reverse(
        earning=order,
        points=100,
        reference="late",
        at=on("2026-01-05"),
        now=on("2026-03-01"),
        settings=SETTINGS,
    )

    assert (told.taken, told.owed) == (100, 0)
    assert expiries(books) == [(on("2026-02-01"), 70)]
    account = queries.account_of(member_id=books.member.pk, currency="points")
    lines = queries.entries(account=account, limit=100)
    assert [one.points for one in lines if one.kind == "unexpire"] == [40]
    assert lines[0].running == 0


def test_debt_told_late_is_paid_by_points_that_came_and_ended_since(books):
    order = books.earn(100, on("2026-01-01"))
    books.spend(100, on("2026-01-02"))
    books.earn(
        70, on("2026-01-03"), available=on("2026-01-10"), expires=on("2026-02-01")
    )

    told = returns.reverse(
        earning=order,
        points=100,
        reference="late",
        at=on("2026-01-05"),
        now=on("2026-03-01"),
        settings=SETTINGS,
    )

    assert (told.taken, told.owed) == (0, 100)
    assert books.numbers(on("2026-03-01")) == (0, 0, 0, 0, 30)


def test_spending_late_brings_back_no_more_than_had_been_free(books):
    end = on("2026-02-01")
    books.earn(100, on("2026-01-01"), expires=end)
    hold(books, 70, on("2026-01-20"), on("2026-02-10"))

    with pytest.raises(errors.InsufficientPoints):
        books.spend(31, end - timedelta(hours=1), now=on("2026-03-01"))
    books.spend(30, end - timedelta(hours=1), now=on("2026-03-01"))

    assert expiries(books) == [(end, 30), (on("2026-02-10"), 70)]
    assert books.numbers(on("2026-03-01")) == (0, 0, 0, 0, 0)


def test_repeated_credit_moves_no_end(db):
    books = Books()
    first = books.earn(10, on("2026-01-01"))
    again = books.earn(20, on("2026-01-02"))

    books.count = 0

    assert books.earn(10, on("2026-01-01"), now=on("2026-01-05")) == first
    assert again.points == 20
    assert books.numbers(on("2026-01-05")) == (30, 30, 0, 0, 0)
