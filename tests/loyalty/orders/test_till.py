"""Orders of a till: what they earn, what returns do to it. Worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty.orders import errors, refunds, services
from loyalty.orders.refunds import Wanted
from loyalty.orders.rules import Line
from loyalty.points import queries
from members.programme import queries as programme
from members.programme import services as publishing
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def programme_is(*, since=None, **values):
    """The programme of the scenarios: Berlin, one point a euro, 14 days of waiting."""
    latest = programme.latest()
    publishing.publish(
        values={"time_zone": "Europe/Berlin", **values},
        based_on=latest.number,
        effective_from=since,
        by_id=None,
        at=on("2026-01-01"),
        orders_exist=False,
    )


class Till:
    def __init__(self):
        self.member = factories.member()

    def order(self, name, at, *lines, points=0, now=None):
        told = services.Told(
            source="till",
            external_id=name,
            member_id=self.member.pk,
            placed_at=on(at),
            lines=[
                line if isinstance(line, Line) else Line(amount_minor=line)
                for line in lines
            ],
            points_redeemed=points,
        )
        return services.record(told=told, by=None, actor="till", at=on(now or at))

    def refund(self, recorded, name, at, *, lines=(), amount=None):
        told = refunds.Told(
            external_id=name, refunded_at=on(at), lines=lines, amount_minor=amount
        )
        return refunds.refund(
            order_id=recorded.order.pk, told=told, by=None, actor="till", at=on(at)
        )

    def balance(self, at):
        account = queries.account_of(member_id=self.member.pk, currency="points")
        found = queries.balance(account=account, at=on(at), settings=programme.latest())
        return found.available, found.pending, found.debt


@pytest.fixture
def till(db):
    return Till()


def test_order_earns_a_point_a_euro_rounded_down_once(till):
    programme_is()

    recorded = till.order("1", "2026-03-01T10:00", 1999, 1999, 99)

    # 40.97 in all; by line it would be 19 + 19 + 0.
    assert recorded.points_awarded == 40
    assert till.balance("2026-03-14T23:59") == (0, 40, 0)
    assert till.balance("2026-03-15T00:00") == (40, 0, 0)


def test_shipping_and_excluded_goods_earn_nothing(till):
    programme_is(
        earn={"excluded_categories": ["tobacco"], "multipliers": {"tea": "2.5"}}
    )

    recorded = till.order(
        "1",
        "2026-03-01T10:00",
        Line(amount_minor=1000, category="tea"),
        Line(amount_minor=1000, category="tobacco"),
        Line(amount_minor=490, goods=False),
        Line(amount_minor=150),
    )

    assert recorded.points_awarded == 26


def test_bonus_days_multiply_before_rounding(till):
    programme_is(
        earn={
            "bonuses": [
                {
                    "name": "x2",
                    "from": "2026-03-01",
                    "to": "2026-03-02",
                    "multiplier": 2,
                },
                {
                    "name": "x1.5",
                    "from": "2026-03-02",
                    "to": "2026-03-03",
                    "multiplier": "1.5",
                },
            ]
        }
    )

    earned = [
        till.order(str(n), at, 1050).points_awarded
        for n, at in enumerate(
            [
                "2026-02-28T23:59",
                "2026-03-01T00:00",
                "2026-03-02T12:00",
                "2026-03-03T23:59",
                "2026-03-04T00:00",
            ]
        )
    ]

    assert earned == [10, 21, 31, 15, 10]


def test_limits_a_day_and_a_month_leave_what_they_leave(till):
    programme_is(earn={"caps": {"member_day": 100, "member_month": 150}})

    earned = [
        till.order(name, at, 7000).points_awarded
        for name, at in [
            ("1", "2026-03-01T10:00"),
            ("2", "2026-03-01T11:00"),
            ("3", "2026-03-02T10:00"),
            ("4", "2026-04-01T10:00"),
        ]
    ]

    assert earned == [70, 30, 50, 70]


def test_limit_for_all_is_never_passed_and_returns_make_room(till):
    programme_is(earn={"caps": {"total": 100}}, pending_days=0)
    other = Till()

    first = till.order("1", "2026-03-01T10:00", 7000)
    second = other.order("2", "2026-03-01T11:00", 7000)
    till.refund(first, "r", "2026-03-02T10:00", amount=2000)
    third = other.order("3", "2026-03-02T11:00", 7000)

    assert [one.points_awarded for one in (first, second, third)] == [70, 30, 20]


def test_return_takes_what_was_granted_whatever_the_rule_is_now(till):
    programme_is()
    bought = till.order("1", "2026-03-01T10:00", 5000)
    programme_is(earn={"points": 2}, since=on("2026-03-02"))

    back = till.refund(bought, "r1", "2026-03-10T10:00")

    assert (back.paid_minor, back.points_reversed, back.debt) == (5000, 50, 0)
    assert till.balance("2026-03-20T00:00") == (0, 0, 0)


def test_mixed_payment_goes_back_in_proportion_and_adds_up(till):
    programme_is(pending_days=0)
    till.order("0", "2026-01-02T10:00", 400000)
    bought = till.order("1", "2026-03-01T10:00", 10000, points=4000)
    assert (bought.order.amount_minor, bought.points_awarded) == (6000, 60)
    assert till.balance("2026-03-01T10:00") == (60, 0, 0)

    part = till.refund(bought, "r1", "2026-03-05T10:00", amount=3000)
    rest = till.refund(bought, "r2", "2026-03-06T10:00")

    assert (part.paid_minor, part.points_restored, part.points_reversed) == (
        1800,
        1200,
        18,
    )
    assert (rest.paid_minor, rest.points_restored, rest.points_reversed) == (
        4200,
        2800,
        42,
    )
    assert till.balance("2026-03-06T10:00") == (4000, 0, 0)


def test_returning_every_line_one_by_one_returns_the_whole(till):
    programme_is(pending_days=0)
    bought = till.order("1", "2026-03-01T10:00", 333, 333, 334)
    assert bought.points_awarded == 10

    backs = [
        till.refund(bought, f"r{n}", "2026-03-02T10:00", lines=[Wanted(line=str(n))])
        for n in (3, 1, 2)
    ]

    assert sum(back.points_reversed for back in backs) == 10
    assert till.balance("2026-03-02T10:00") == (0, 0, 0)
    with pytest.raises(errors.RefundExceedsOrder):
        till.refund(bought, "r4", "2026-03-02T10:00", lines=[Wanted(line="1")])


def test_never_more_points_are_charged_than_the_payment_needs(till):
    programme_is(pending_days=0)
    till.order("0", "2026-01-02T10:00", 1000000)

    bought = till.order("1", "2026-03-01T10:00", 2000, points=3000)

    assert (bought.order.tender_points, bought.order.amount_minor) == (2000, 0)
    assert bought.points_awarded == 0
    assert till.balance("2026-03-01T10:00") == (8000, 0, 0)


def test_same_order_again_is_met_and_another_is_refused(till):
    programme_is()
    first = till.order("1", "2026-03-01T10:00", 5000)

    again = till.order("1", "2026-03-01T10:00", 5000)

    assert (again.order, again.created, again.points_awarded) == (
        first.order,
        False,
        50,
    )
    with pytest.raises(errors.ExternalIdConflict):
        till.order("1", "2026-03-01T10:00", 5001)


def test_ten_purchases_and_returns_leave_nothing(till):
    programme_is(pending_days=0)
    for n in range(10):
        bought = till.order(f"o{n}", f"2026-03-{n + 1:02}T10:00", 30000)
        till.refund(bought, f"r{n}", f"2026-03-{n + 1:02}T11:00")

    account = queries.account_of(member_id=till.member.pk, currency="points")

    assert till.balance("2026-03-20T10:00") == (0, 0, 0)
    at = on("2026-03-20")
    assert queries.qualifying(account=account, at=at, known_at=at) == 0


def test_cancelling_voids_pending_points_only_before_delivery(till):
    programme_is()
    kept = till.order("1", "2026-03-01T10:00", 5000)
    gone = till.order("2", "2026-03-01T11:00", 7000)
    services.deliver(
        order_id=kept.order.pk,
        delivered_at=on("2026-03-03T10:00"),
        at=on("2026-03-03T10:00"),
    )

    for _ in range(2):
        refunds.cancel(
            order_id=gone.order.pk,
            cancelled_at=on("2026-03-02T10:00"),
            by=None,
            actor="till",
            at=on("2026-03-03T10:00"),
        )

    assert till.balance("2026-03-03T10:00") == (0, 50, 0)
    with pytest.raises(errors.Delivered):
        refunds.cancel(
            order_id=kept.order.pk,
            cancelled_at=on("2026-03-04T10:00"),
            by=None,
            actor="till",
            at=on("2026-03-04T10:00"),
        )


def test_delivery_activates_where_the_rule_says_so_and_once(till):
    programme_is(activate_on="delivery", pending_days=0)
    bought = till.order("1", "2026-03-01T10:00", 5000)
    assert till.balance("2026-06-01") == (0, 50, 0)

    for at in ("2026-03-05T10:00", "2026-03-09T10:00"):
        services.deliver(order_id=bought.order.pk, delivered_at=on(at), at=on(at))

    assert till.balance("2026-03-05T10:00") == (50, 0, 0)


def test_late_order_is_available_at_once_and_ends_by_its_own_day(till):
    programme_is()

    till.order("1", "2026-05-20T12:00", 5000, now="2026-06-10T09:00")
    till.order("2", "2025-01-01T12:00", 7000, now="2026-06-10T09:00")

    assert till.balance("2026-06-10T09:00") == (50, 0, 0)
    assert till.balance("2027-05-20T23:59") == (50, 0, 0)
    assert till.balance("2027-05-21T00:00") == (0, 0, 0)
