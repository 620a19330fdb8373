"""The arithmetic of points: sharing, waiting, ending, paying."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import periods
from loyalty.points import rules
from members.programme import rules as programme

WEIGHTS = st.dictionaries(st.integers(0, 9), st.integers(0, 10_000), max_size=8)


def berlin(**values):
    return programme.parse({"time_zone": "Europe/Berlin", **values}, number=2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(total=st.integers(0, 1_000_000), weights=WEIGHTS)
def test_shares_are_whole_sum_up_and_miss_the_exact_share_by_less_than_one(
    total, weights
):
    shares = rules.split(total, weights)

    whole = sum(weights.values())
    assert list(shares) == list(weights)
    assert sum(shares.values()) == (total if whole else 0)
    for key, weight in weights.items():
        if whole:
            assert abs(shares[key] - Fraction(total * weight, whole)) < 1


@given(total=st.integers(0, 1_000), weights=WEIGHTS.filter(lambda w: sum(w.values())))
def test_larger_remainders_are_served_first(total, weights):
    shares = rules.split(total, weights)

    whole = sum(weights.values())
    over = {
        key: Fraction(total * w, whole) - total * w // whole
        for key, w in weights.items()
    }
    more = [key for key in weights if shares[key] > total * weights[key] // whole]
    less = [key for key in weights if key not in more]
    assert all(over[one] >= over[other] for one in more for other in less)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (10, {"a": 999, "b": 1}, {"a": 10, "b": 0}),
        (2, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 0}),
        (7, {"a": 0, "b": 0}, {"a": 0, "b": 0}),
        (0, {"a": 5}, {"a": 0}),
    ],
)
def test_split_by_hand(total, weights, shares):
    assert rules.split(total, weights) == shares


@pytest.mark.parametrize(
    ("values", "at", "then"),
    [
        ({"pending_days": 14}, "2026-03-01T09:00", "2026-03-14T23:00"),
        # Over the start of summer time: local midnight, not so many hours.
        ({"pending_days": 14}, "2026-03-20T09:00", "2026-04-02T22:00"),
        ({"pending_days": 1}, "2026-10-24T21:59", "2026-10-24T22:00"),
        ({"pending_days": 0}, "2026-03-01T09:00", "2026-03-01T09:00"),
        ({"pending_days": 0, "activate_on": "delivery"}, "2026-03-01T09:00", None),
        (
            {"pending_days": 2, "activate_on": "delivery"},
            "2026-03-01T09:00",
            "2026-03-02T23:00",
        ),
    ],
)
def test_points_become_available_at_a_local_midnight(values, at, then):
    found = rules.available_at(occurred_at=utc(at), settings=berlin(**values))

    assert found == (utc(then) if then else None)


@pytest.mark.parametrize(
    ("expiry", "day", "last"),
    [
        ({"months": 12}, date(2026, 5, 20), date(2027, 5, 20)),
        ({"months": 1}, date(2026, 1, 31), date(2026, 2, 28)),
        ({"months": 1}, date(2028, 1, 31), date(2028, 2, 29)),
        ({"months": 12, "rounding": "month"}, date(2026, 5, 20), date(2027, 5, 31)),
        ({"months": 12, "rounding": "quarter"}, date(2026, 5, 20), date(2027, 6, 30)),
        ({"months": 12, "rounding": "half_year"}, date(2026, 7, 1), date(2027, 12, 31)),
        ({"months": 24, "rounding": "year"}, date(2026, 1, 1), date(2028, 12, 31)),
        ({"months": 1, "rounding": "month"}, date(2026, 1, 31), date(2026, 2, 28)),
    ],
)
def test_points_end_with_a_local_day(expiry, day, last):
    settings = berlin(expiry=expiry)
    noon = periods.day_start(day, settings.zone) + timedelta(hours=12)

    ends = rules.expires_at(occurred_at=noon, settings=settings)

    assert ends == periods.day_start(last + timedelta(days=1), settings.zone)


def test_points_without_a_rule_of_ending_never_end():
    settings = berlin(expiry=None)

    assert rules.expires_at(occurred_at=utc("2026-03-01"), settings=settings) is None


def test_grace_lasts_to_the_end_of_its_last_local_day():
    settings = berlin(restore_grace_days=30)

    until = rules.grace_until(at=utc("2026-10-01T22:30"), settings=settings)

    # 2 October local, thirty days on is 1 November, in winter time.
    assert until == utc("2026-11-01T23:00")


@given(
    points=st.integers(0, 10_000_000),
    value=st.decimals("0.0001", "100", places=4),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_points_pay_what_they_are_worth_and_no_more_are_asked_than_needed(
    points, value, currency
):
    settings = programme.parse(
        {"point_value": str(value), "currency": currency}, number=2
    )
    unit = Fraction(value) * 10**settings.exponent

    minor = rules.money_of(points=points, settings=settings)
    needed = rules.points_for(minor=minor, settings=settings)

    assert minor <= points * unit < minor + 1
    assert needed <= points
    assert needed * unit >= minor
    assert needed == 0 or (needed - 1) * unit < minor


@pytest.mark.parametrize(
    ("minor", "value", "points"),
    [(2000, "0.01", 2000), (1, "0.01", 1), (1, "0.03", 1), (7, "0.03", 3), (0, "5", 0)],
)
def test_fewest_points_that_pay_an_amount(minor, value, points):
    settings = berlin(point_value=Decimal(value))

    assert rules.points_for(minor=minor, settings=settings) == points
