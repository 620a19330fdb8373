"""The roll-forward closes to the point: by hand, with a wrong row, on days of 23 and 25 h."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from loyalty.liability import queries, services
from loyalty.liability.models import LiabilityDay
from loyalty.points import audit
from loyalty.points import services as points
from members.programme import rules as programme
from tests import factories
from tests.loyalty.points.test_kernel import SETTINGS, Books, on

COLUMNS = (
    "opening",
    "earned",
    "reversed",
    "spent",
    "restored",
    "expired",
    "adjusted",
    "converted",
    "written_off",
    "closing",
)


def rolled(text: str, settings=SETTINGS):
    return services.rebuild(at=on(text), settings=settings)


def line(day: str) -> dict[str, int]:
    row = LiabilityDay.objects.get(currency="points", day=day)
    return {name: getattr(row, name) for name in COLUMNS if getattr(row, name)}


def state(day: str) -> tuple[int, int, int, int]:
    row = LiabilityDay.objects.get(currency="points", day=day)
    return row.pending, row.active, row.held, row.debt


@pytest.fixture
def books(db):
    return Books()


def test_l48_a_day_rolls_forward_to_the_point(books):
    # L48: 1,000,000 + 120,000 - 5,000 - 80,000 + 2,000 - 7,500 = 1,029,500.
    books.earn(992_500, on("2026-03-01 10:00"))
    books.earn(7_500, on("2026-03-01 10:00"), expires=on("2026-03-10"))
    day = "2026-03-10 "
    order = books.earn(120_000, on(day + "09:00"))
    books.give_back(order, 5_000, on(day + "10:00"))
    spent = books.spend(80_000, on(day + "11:00"))
    points_back(books, spent, 2_000, on(day + "12:00"))

    run = rolled("2026-03-11 00:05")

    assert run.closes, run.broken
    assert line("2026-03-10") == {
        "opening": 1_000_000,
        "earned": 120_000,
        "reversed": -5_000,
        "spent": -80_000,
        "restored": 2_000,
        "expired": -7_500,
        "closing": 1_029_500,
    }
    assert line("2026-03-11") == {"opening": 1_029_500, "closing": 1_029_500}


def points_back(books, spent, count, at):
    from loyalty.points import returns  # noqa: PLC0415  one use

    returns.restore(
        redemption=spent,
        points=count,
        reference=f"back-{spent.pk}",
        at=at,
        now=at,
        settings=books.settings,
    )


def test_gift_between_members_nets_to_nothing(books):
    other = factories.member()
    books.earn(500, on("2026-03-01"))
    points.transfer(
        from_member_id=books.member.pk,
        to_member_id=other.pk,
        points=200,
        reference="gift",
        actor="",
        now=on("2026-03-02 12:00"),
        settings=SETTINGS,
    )

    run = rolled("2026-03-03")

    assert run.closes
    assert line("2026-03-02") == {"opening": 500, "closing": 500}


def test_pending_active_held_and_owed_are_told_apart(books):
    books.earn(100, on("2026-03-01 12:00"))
    books.earn(40, on("2026-03-01 12:00"), available=on("2026-03-03"))
    points.hold(
        member_id=books.member.pk,
        points=30,
        reference="cart",
        expires_at=on("2026-03-04 12:00"),
        now=on("2026-03-02 12:00"),
        settings=SETTINGS,
    )

    rolled("2026-03-06")

    assert [state(f"2026-03-0{n}") for n in range(1, 6)] == [
        (40, 100, 0, 0),
        (40, 100, 30, 0),
        (0, 140, 30, 0),
        (0, 140, 0, 0),
        (0, 140, 0, 0),
    ]


def test_debt_is_owed_until_it_is_paid(books):
    order = books.earn(100, on("2026-03-01 12:00"))
    books.spend(70, on("2026-03-01 13:00"))
    books.give_back(order, 100, on("2026-03-02 12:00"))
    books.earn(90, on("2026-03-03 12:00"))

    run = rolled("2026-03-05")

    assert run.closes
    assert [state(f"2026-03-0{n}") for n in (1, 2, 3)] == [
        (0, 30, 0, 0),
        (0, 0, 0, 70),
        (0, 20, 0, 0),
    ]
    assert line("2026-03-02") == {"opening": 30, "reversed": -100, "closing": -70}


def test_entry_told_late_changes_the_day_it_happened(books):
    books.earn(100, on("2026-03-01 12:00"))
    rolled("2026-03-05")
    books.spend(40, on("2026-03-02 12:00"), now=on("2026-03-05 12:00"))

    rolled("2026-03-06")

    assert line("2026-03-02") == {"opening": 100, "spent": -40, "closing": 60}


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        # Berlin's 29 March has 23 hours, its 25 October 25; each local midnight counts.
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
        # Cairo has no midnight on 24 April 2026: the day begins at one o'clock.
        ("Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z"),
    ],
)
def test_days_are_local_days_when_clocks_change(db, zone, last, first):
    settings = programme.parse({"time_zone": zone}, number=2)
    books = Books(settings)
    from datetime import datetime  # noqa: PLC0415  one use

    before, after = (datetime.fromisoformat(text) for text in (last, first))
    books.earn(7, before)
    books.earn(50, after)

    run = services.rebuild(at=after + timedelta(days=2), settings=settings)

    days = LiabilityDay.objects.order_by("day").values_list("day", "earned")
    assert run.closes
    assert list(days[:2]) == [
        (before.astimezone(settings.zone).date(), 7),
        (after.astimezone(settings.zone).date(), 50),
    ]
    assert days[1][0] - days[0][0] == timedelta(days=1)


PLANTS = {
    "a transfer without its lot": "INSERT INTO loyalty_transfer (currency, debit_account_id,"
    " credit_account_id, points, kind, reference, occurred_at, posted_at) SELECT currency,"
    " debit_account_id, credit_account_id, 9, 'earn', 'forged', occurred_at, posted_at"
    " FROM loyalty_transfer WHERE id = {order}",
    "more points than the lot holds": "UPDATE loyalty_transfer SET points = points + 7"
    " WHERE id = {order}",
    "an allocation on another day": "UPDATE loyalty_allocation SET occurred_at ="
    " occurred_at + interval '1 day' WHERE transfer_id = {spent}",
    "a lot that grew": "UPDATE loyalty_lot SET points = points + 1, remaining = remaining + 1"
    " WHERE transfer_id = {order}",
    "a cached number": "UPDATE loyalty_account SET unspent = unspent + 1 WHERE id = {account}",
}


@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_l48_planted_wrong_row_breaks_the_check_and_names_the_member(books, plant):
    bystander = Books()
    bystander.earn(10, on("2026-03-01 12:00"))
    order = books.earn(100, on("2026-03-01 12:00"))
    spent = books.spend(60, on("2026-03-02 12:00"))
    assert rolled("2026-03-05").closes
    names = {
        "order": order.pk,
        "spent": spent.pk,
        "account": order.credit_account_id,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(PLANTS[plant].format(**names))
        cursor.execute("SET LOCAL session_replication_role = origin")

    run = rolled("2026-03-06")

    books.member.refresh_from_db()
    assert not run.closes
    assert {row["member"] for row in run.broken} == {books.member.number}
    assert run.broken_count == len(run.broken)


def test_close_equals_what_the_audit_rebuilds(books):
    order = books.earn(100, on("2026-03-01 12:00"), expires=on("2026-03-04"))
    books.earn(55, on("2026-03-02 12:00"), available=on("2026-06-02"))
    books.spend(60, on("2026-03-02 12:00"))
    books.give_back(order, 100, on("2026-03-03 12:00"))

    rolled("2026-03-06")

    found = audit.audit()
    account = order.credit_account_id
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unspent - debt FROM loyalty_account WHERE id = %s", [account]
        )
        (stands,) = cursor.fetchone()
    assert (found.broken, found.rebuild_differs) == ([], 0)
    assert line("2026-03-06")["closing"] == stands


def test_refresh_works_only_when_something_happened(books):
    books.earn(100, on("2026-03-01 12:00"))
    first = services.refresh(at=on("2026-03-02 12:00"))

    assert services.refresh(at=on("2026-03-02 13:00")) == first
    books.spend(10, on("2026-03-02 14:00"))
    second = services.refresh(at=on("2026-03-02 15:00"))
    third = services.refresh(at=on("2026-03-03 15:00"))
    assert len({first.pk, second.pk, third.pk}) == 3


def test_liability_of_lots_is_what_the_roll_forward_closes_with(books):
    books.earn(100, on("2026-03-01 12:00"), expires=on("2026-03-04"))
    books.earn(55, on("2026-03-02 12:00"), available=on("2026-06-02"))
    books.earn(30, on("2026-03-02 12:00"), expires=on("2026-07-01"))
    books.spend(60, on("2026-03-03 12:00"))
    rolled("2026-03-06")

    found = queries.liability_of_lots(
        at=on("2026-03-05"), zone="Europe/Berlin", told={"currency": "points"}
    )

    assert [(one.cohort, one.expires_in, one.pending, one.points) for one in found] == [
        (date(2026, 3, 1), date(2026, 6, 1), False, 30),
        (date(2026, 3, 1), None, True, 55),
    ]
    assert state("2026-03-04")[:2] == (55, 30)
