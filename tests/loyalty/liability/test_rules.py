"""The arithmetic by hand: L47, sharing, development of cohorts, breakage, true-up."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.liability import cohorts, rules
from loyalty.liability.cohorts import Book, Cell
from loyalty.liability.rules import Walk

PER_CENT = Fraction(95, 100)


def cell(day: str, points: int, move: str = "earned", **more) -> Cell:
    on = date.fromisoformat(day)
    cohort = date.fromisoformat(f"{more.pop('cohort', day[:7])}-01")
    return Cell(
        day=on,
        cohort=cohort,
        source=more.pop("source", "purchase"),
        move=move,
        points=points,
        value=more.pop("value", 1_000_000),
        **more,
    )


def walked(cells, day: str, exponent: int = 0) -> tuple[rules.Sums, Walk]:
    ((_day, sums, walk),) = rules.walked(
        cells, days=[date.fromisoformat(day)], exponent=exponent
    )
    return sums, walk


def test_l47_price_is_allocated_by_stand_alone_prices():
    goods, points = rules.allocate(total=100_000, weights=[100_000, 10_000 * PER_CENT])

    assert (goods, points) == (91_324, 8_676)


def test_l47_revenue_follows_redemption_and_is_trued_up():
    first = rules.recognised(allocated=8_676, redeemed=4_500, expected=9_500)
    second = rules.recognised(allocated=8_676, redeemed=8_500, expected=9_700)

    assert (first, 8_676 - first) == (4_110, 4_566)
    assert (second - first, 8_676 - second) == (3_493, 1_073)


# A month whose points are all known: of 1,000 points 450 are redeemed in the month they
# were earned, 500 in the next one, and the last 50 lapse in the third.
FINISHED = [
    cell("2026-01-05", 1_000),
    cell("2026-01-20", -450, "spent"),
    cell("2026-02-10", -500, "spent", cohort="2026-01"),
    cell("2026-03-31", -50, "expired", cohort="2026-01"),
]
# Sold in April: goods of 100,000 with 10,000 points of 1 each, 4,500 redeemed by the end
# of the month; the pattern says that 95 % of new points are redeemed, and 50 of 55 later.
APRIL = [
    cell("2026-04-02", 10_000, price=100_000),
    cell("2026-04-25", -4_500, "spent"),
]


def test_l47_comes_out_of_cohorts():
    sums, walk = walked([*FINISHED, *APRIL], "2026-04-30")

    april = walk.contracts()[-1]
    assert april.allocated == 8_676
    assert april.expected == pytest.approx(9_500)
    assert (april.recognised, april.deferred) == (4_110, 4_566)
    assert sums.deferred == 4_566


def test_price_keeps_the_share_of_its_own_month():
    # All of a later month is redeemed at once: April's allocation stays what it was.
    may = [cell("2026-05-03", 90_000), cell("2026-05-04", -90_000, "spent")]

    _sums, walk = walked([*FINISHED, *APRIL, *may], "2026-05-31")

    assert walk.contracts()[1].allocated == 8_676


def test_points_taken_back_take_their_price_with_them():
    back = cell("2026-04-28", -10_000, "reversed", price=-100_000)

    sums, _walk = walked(
        [*FINISHED, cell("2026-04-02", 10_000, price=100_000), back], "2026-04-30"
    )

    assert sums.deferred == 0


def test_development_weighs_cohorts_by_their_open_points():
    # Of 1,000 and 3,000 points 100 and 900 are redeemed in their first month: 1,000 of
    # 4,000. In the second only the older is known: 90 of 900 left.
    cells = [
        cell("2026-01-01", 1_000),
        cell("2026-01-31", -100, "spent"),
        cell("2026-02-01", -90, "spent", cohort="2026-01"),
        cell("2026-02-01", 3_000),
        cell("2026-02-28", -900, "spent"),
    ]

    found = cohorts.development(
        Book(cells).cohorts, through=cohorts.month_of(date(2026, 2, 1))
    )

    assert found.spent == (0.25, 0.1)
    # 0.25 + 0.75 x 0.1; what outlives both ages is 0.75 x 0.9, redeemed in prudence.
    assert found.redeems(0) == pytest.approx(0.325 + 0.675)
    assert found.redeems(0, tail=0.0) == pytest.approx(0.325)


def test_breakage_of_finished_points_is_what_lapsed():
    _sums, walk = walked(FINISHED, "2026-04-30")

    found = walk.breakage()
    assert (found.rate, found.low, found.high) == (0.05, 0.05, 0.05)


def test_breakage_of_open_points_is_what_cohorts_before_let_lapse():
    _sums, walk = walked([*FINISHED, *APRIL], "2026-04-30")

    # 50 lapsed of January; of April's 5,500 open points 5 of 55 will: 500. Of 11,000.
    found = walk.breakage()
    assert found.rate == pytest.approx(550 / 11_000)
    assert found.low <= found.rate <= found.high


def test_young_programme_is_too_thin_and_its_range_says_so():
    _sums, walk = walked(
        [cell("2026-01-05", 1_000), cell("2026-01-20", -100, "spent")], "2026-01-31"
    )

    found = walk.breakage()
    # Nobody has seen points lapse: none is expected to, and all of the open ones may.
    assert (found.enough, found.rate, found.high) == (False, 0.0, 0.9)


def test_nothing_given_has_no_breakage():
    assert cohorts.breakage([], through=0).rate is None


def test_given_points_are_cost_and_no_revenue():
    cells = [
        cell("2026-01-05", 1_000, source="birthday"),
        cell("2026-01-20", -400, "spent", source="birthday"),
    ]

    sums, _walk = walked(cells, "2026-01-31")

    # 400 redeemed; the other 600 are provided for in full, for nothing is known of them.
    assert (sums.cost, sums.rewards, sums.provision, sums.deferred) == (
        1_000,
        400,
        600,
        0,
    )


def test_later_cells_are_never_seen():
    later = [cell("2026-06-01", -9_000, "expired", cohort="2026-04")]

    known = walked([*FINISHED, *APRIL], "2026-04-30")[0]

    assert walked([*FINISHED, *APRIL, *later], "2026-04-30")[0] == known


@given(
    total=st.integers(-10_000, 10_000_000),
    weights=st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
)
def test_shares_add_up_and_are_within_one_of_exact(total, weights):
    shares = rules.allocate(total=total, weights=weights)

    exact = [Fraction(total * one, sum(weights)) for one in weights]
    assert sum(shares) == total
    assert all(abs(a - b) < 1 for a, b in zip(shares, exact, strict=True))


@given(
    allocated=st.integers(0, 10**9),
    redeemed=st.integers(0, 10**6),
    expected=st.integers(1, 10**6),
)
def test_recognised_is_never_more_than_allocated(allocated, redeemed, expected):
    found = rules.recognised(allocated=allocated, redeemed=redeemed, expected=expected)

    assert 0 <= found <= allocated
