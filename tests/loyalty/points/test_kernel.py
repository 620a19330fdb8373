"""Worked cases of the books, straight on the kernel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.json import Jsonb

from loyalty.points import errors, kernel, postings, queries, returns, services
from loyalty.points.enums import Role, TransferKind
from loyalty.points.models import Transfer
from members.programme import rules as programme
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
SETTINGS = programme.parse({"time_zone": "Europe/Berlin"}, number=2)


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class Books:
    """One member's books, with a clock that only goes where a test says."""

    def __init__(self, settings=SETTINGS):
        self.settings = settings
        self.member = factories.member()
        self.count = 0

    def earn(self, points, at, *, available=None, expires=None, now=None):
        self.count += 1
        posted = postings.credit(
            kind=TransferKind.EARN,
            role=Role.ISSUED,
            member_id=self.member.pk,
            points=points,
            currency="points",
            reference=f"order:{self.member.pk}-{self.count}",
            digest="",
            at=at,
            now=now or at,
            available_at=available or at,
            expires_at=expires,
            rolling=False,
            version=1,
        )
        return Transfer.objects.get(pk=posted.transfer_id)

    def spend(self, points, at, *, now=None, reference=None):
        self.count += 1
        posted = services.redeem(
            member_id=self.member.pk,
            points=points,
            reference=reference or f"r{self.count}",
            actor="test",
            at=at,
            now=now or at,
            settings=self.settings,
        )
        return Transfer.objects.get(pk=posted.transfer_id)

    refused = errors.ReversedAlready

    def earn_parts(self, parts, at):
        """An order whose lines earn, as orders are posted: by the batch function."""
        self.count += 1
        (row,) = kernel.run(
            "SELECT * FROM points_credit('points', 'issued', 'earn', ARRAY[%(member)s]::bigint[],"
            " ARRAY[%(points)s]::bigint[], ARRAY[%(reference)s], ARRAY[''],"
            " ARRAY[%(at)s]::timestamptz[], ARRAY[%(at)s]::timestamptz[],"
            " ARRAY[NULL]::timestamptz[], ARRAY[false], ARRAY[1], ARRAY[%(parts)s]::jsonb[],"
            " '', '', %(at)s)",
            {
                "member": self.member.pk,
                "points": sum(parts.values()),
                "reference": f"order:{self.member.pk}-{self.count}",
                "at": at,
                "parts": Jsonb(parts),
            },
        )
        return Transfer.objects.get(pk=row["transfer_id"])

    def give_back(self, earning, points, at, *, parts=None):
        self.count += 1
        return returns.reverse(
            earning=earning,
            points=points,
            reference=f"back:{self.member.pk}-{self.count}",
            at=at,
            now=at,
            settings=self.settings,
            parts=parts,
        )

    def at(self, at):
        account = queries.account_of(member_id=self.member.pk, currency="points")
        now = queries.balance(account=account, at=at, settings=self.settings)
        then = queries.balance_then(
            account=account, at=at, known_at=at, settings=self.settings
        )
        assert now == then
        return now

    def numbers(self, at):
        found = self.at(at)
        return found.balance, found.available, found.pending, found.held, found.debt


@pytest.fixture
def books(db):
    return Books()


def test_what_expires_first_is_spent_first_not_what_is_older(books):
    books.earn(100, on("2026-01-01"), expires=on("2027-01-01"))
    books.earn(100, on("2026-02-01"), expires=on("2026-04-01"))

    books.spend(120, on("2026-03-01"))

    assert books.numbers(on("2026-04-01")) == (80, 80, 0, 0, 0)


def test_points_without_end_are_spent_last(books):
    books.earn(50, on("2024-01-01"))
    books.earn(100, on("2026-01-01"), expires=on("2027-01-01"))
    books.earn(100, on("2026-02-01"), expires=on("2026-04-01"))

    books.spend(230, on("2026-03-01"))

    assert [
        (lot.remaining, lot.expires_at) for lot in books.at(on("2026-03-01")).lots
    ] == [(20, None)]


def test_pending_points_are_spendable_at_their_moment_without_a_job(books):
    midnight = on("2026-03-15")
    books.earn(120, on("2026-03-01T10:00"), available=midnight)

    with pytest.raises(errors.InsufficientPoints):
        books.spend(120, midnight - timedelta(microseconds=1))
    books.spend(120, midnight)

    assert books.numbers(midnight) == (0, 0, 0, 0, 0)


def test_returning_spent_points_makes_a_debt_that_new_points_pay_first(books):
    order = books.earn(200, on("2026-01-01"))
    books.spend(150, on("2026-01-10"))

    back = books.give_back(order, 200, on("2026-01-20"))

    assert (back.taken, back.owed, back.uncollected) == (50, 150, 0)
    assert books.numbers(on("2026-01-20")) == (0, 0, 0, 0, 150)
    books.earn(100, on("2026-02-01"))
    assert books.numbers(on("2026-02-01")) == (0, 0, 0, 0, 50)
    books.earn(80, on("2026-02-02"))
    assert books.numbers(on("2026-02-02")) == (30, 30, 0, 0, 0)


@pytest.mark.parametrize(
    ("policy", "taken", "uncollected", "left"),
    [("not_below_zero", 50, 150, 0), ("pending_only", 0, 200, 50)],
)
def test_other_policies_leave_the_rest_uncollected(
    db, policy, taken, uncollected, left
):
    settings = programme.parse(
        {"time_zone": "Europe/Berlin", "clawback": policy}, number=2
    )
    books = Books(settings)
    order = books.earn(200, on("2026-01-01"))
    books.spend(150, on("2026-01-10"))

    back = books.give_back(order, 200, on("2026-01-20"))

    assert (back.taken, back.owed, back.uncollected) == (taken, 0, uncollected)
    assert books.numbers(on("2026-01-20")) == (left, left, 0, 0, 0)


def test_expired_points_of_a_returned_order_are_no_debt(books):
    order = books.earn(100, on("2026-01-01"), expires=on("2026-02-01"))
    books.earn(10, on("2026-03-01"))

    back = books.give_back(order, 100, on("2026-03-02"))

    assert (back.taken, back.owed) == (100, 0)
    assert books.numbers(on("2026-03-02")) == (10, 10, 0, 0, 0)


def test_hold_part_captured_gives_the_rest_back(books):
    at = on("2026-03-01")
    books.earn(500, at)
    placed = services.hold(
        member_id=books.member.pk,
        points=300,
        reference="cart",
        expires_at=at + timedelta(hours=1),
        now=at,
        settings=SETTINGS,
    )
    assert books.numbers(at) == (500, 200, 0, 300, 0)
    with pytest.raises(errors.InsufficientPoints):
        services.hold(
            member_id=books.member.pk,
            points=250,
            reference="cart 2",
            expires_at=at + timedelta(hours=1),
            now=at,
            settings=SETTINGS,
        )

    later = at + timedelta(minutes=5)
    services.capture(
        hold_id=placed.hold_id, points=280, actor="", now=later, settings=SETTINGS
    )

    assert books.numbers(later) == (220, 220, 0, 0, 0)
    with pytest.raises(errors.HoldResolved):
        services.release(hold_id=placed.hold_id, actor="", now=later, settings=SETTINGS)


def test_till_that_was_offline_spends_what_was_valid_then(books):
    end = on("2026-10-26")
    books.earn(100, on("2026-01-01"), expires=end)
    assert books.numbers(end) == (0, 0, 0, 0, 0)

    books.spend(60, end - timedelta(minutes=30), now=end + timedelta(hours=1))

    assert books.numbers(end + timedelta(hours=1)) == (0, 0, 0, 0, 0)
    account = queries.account_of(member_id=books.member.pk, currency="points")
    told = queries.entries(account=account, limit=10)
    assert sum(entry.points for entry in told) == 0
    with pytest.raises(errors.InsufficientPoints):
        books.spend(41, end - timedelta(minutes=30), now=end + timedelta(hours=2))


def test_restored_points_have_their_old_end_or_a_grace(books):
    soon, late = on("2026-04-01"), on("2027-01-01")
    books.earn(100, on("2026-01-01"), expires=soon)
    books.earn(100, on("2026-01-01"), expires=late)
    spent = books.spend(150, on("2026-03-01"))

    at = on("2026-04-10")
    returns.restore(
        redemption=spent,
        points=120,
        reference="give back",
        at=at,
        now=at,
        settings=SETTINGS,
    )

    assert [(lot.remaining, lot.expires_at) for lot in books.at(at).lots] == [
        (70, on("2026-05-11")),
        (100, late),
    ]


def test_redeeming_twice_with_one_reference_posts_once(books):
    at = on("2026-03-01")
    books.earn(100, at)

    first = books.spend(40, at, reference="till-1")
    again = books.spend(40, at, reference="till-1")

    assert first == again
    assert books.numbers(at) == (60, 60, 0, 0, 0)
    with pytest.raises(errors.ReferenceConflict):
        books.spend(41, at, reference="till-1")
