"""What goes back of an order's lines, by hand and by random returns."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.orders.shares import Held, apportion, backs, part


def line(number, paid, *, tender=0, earned=0, **back):
    return Held(
        line_no=number,
        line_id="",
        quantity=None,
        paid=paid,
        tender=tender,
        earned=earned,
        **back,
    )


def sums(found):
    return (
        sum(one.paid for one in found),
        sum(one.tender for one in found),
        sum(one.earned for one in found),
    )


def returned(held, wanted):
    """The lines after a return, and what came back with it."""
    found = backs(held, wanted)
    after = dict(held)
    for one in found:
        was = held[one.line_no]
        after[one.line_no] = replace(
            was,
            paid_back=was.paid_back + one.paid,
            tender_back=was.tender_back + one.tender,
            earned_back=was.earned_back + one.earned,
        )
    return after, found


def test_half_of_a_hundred_small_lines_is_half_of_their_points():
    held = {n: line(n, 100, earned=1) for n in range(100)}

    after, found = returned(held, dict.fromkeys(held, 50))
    _last, rest = returned(after, dict.fromkeys(held, 50))

    assert sums(found) == sums(rest) == (5_000, 0, 50)


def test_three_tenths_of_cents_keep_the_mix_they_were_paid_in():
    held = {n: line(n, 6, tender=4) for n in range(100)}

    assert sums(backs(held, dict.fromkeys(held, 3))) == (180, 120, 0)


def test_line_that_is_back_whole_gives_all_it_earned_and_no_other_line():
    held = {1: line(1, 500, earned=7), 2: line(2, 900, earned=3)}

    (found,) = backs(held, {1: 500})

    assert (found.line_no, found.paid, found.earned) == (1, 500, 7)


def test_money_a_file_gave_back_is_not_given_again():
    held = {1: line(1, 6_000, tender=4_000, paid_back=6_000)}

    assert sums(backs(held, {1: 2_000})) == (0, 2_000, 0)


@pytest.mark.parametrize(
    ("due", "low", "high", "expected"),
    [
        ([0.5, 0.5, 0.5], [0, 0, 0], [1, 1, 1], [1, 0, 0]),
        ([1.25, 1.75], [0, 0], [2, 2], [1, 2]),
        ([1.25, 1.75], [0, 0], [2, 1], [2, 1]),
        ([-2, 3], [0, 0], [3, 3], [0, 1]),
        ([0.4, 0.4], [1, 0], [1, 1], [1, 0]),
        ([2.5, 2.5], [0, 0], [1, 1], [1, 1]),
    ],
)
def test_parts_are_whole_within_limits_and_sum_to_the_whole(due, low, high, expected):
    exact = dict(enumerate(map(Fraction, due)))

    found = apportion(exact, low=dict(enumerate(low)), high=dict(enumerate(high)))

    assert list(found.values()) == expected


amounts = st.integers(0, 2_000)
orders = st.lists(
    st.tuples(amounts, amounts, st.integers(0, 60)), min_size=1, max_size=12
)


@given(orders, st.data())
def test_returns_one_by_one_take_what_is_due_and_end_with_the_whole(told, data):
    held = {
        n: line(n, paid, tender=tender, earned=earned if paid + tender else 0)
        for n, (paid, tender, earned) in enumerate(told)
    }
    whole = sums_of(held, "paid"), sums_of(held, "tender"), sums_of(held, "earned")
    for _ in range(data.draw(st.integers(1, 6))):
        wanted = {n: data.draw(st.integers(0, one.left)) for n, one in held.items()}
        held, found = returned(held, wanted)
        for one in found:
            assert one.paid >= 0 <= one.tender
            assert one.earned >= 0
        check(held)
    held, _ = returned(held, {n: one.left for n, one in held.items()})
    back = [sums_of(held, f"{name}_back") for name in ("paid", "tender", "earned")]
    assert tuple(back) == whole


def sums_of(held, name):
    return sum(getattr(one, name) for one in held.values())


def check(held):
    """What is back is never below the share of all that has come back; above it only
    by what lines that are back whole hold beyond their share."""
    for name in ("paid", "earned"):
        exact = sum(
            part(getattr(one, name), one.returned, one.total) for one in held.values()
        )
        back = sums_of(held, f"{name}_back")
        assert floor(exact) <= back < exact + len(held)
    for one in held.values():
        assert 0 <= one.paid_back <= one.paid
        assert 0 <= one.tender_back <= one.tender
        assert 0 <= one.earned_back <= one.earned
        if one.left == 0 < one.total:
            assert one.earned_back == one.earned
