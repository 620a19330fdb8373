"""Which benefits fall: every kind of less is found, and more is never called less."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from members.programme import benefits
from members.programme.points import Bonus, Caps, Currency, Earn, Expiry, Stamps
from members.programme.rules import Settings

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUP = Stamps(name="cup", every=10, points=100)


def lost(before, after, *, at=AT):
    return benefits.lowered(before, after, at=at, language="en")


def keys(before, after, *, at=AT):
    return [one.key for one in lost(before, after, at=at)]


def earning(**fields):
    return Settings(earn=Earn(**fields))


def bonus(factor, *, starts=None, ends=None):
    return Bonus(name="x", starts=starts, ends=ends, multiplier=Decimal(factor))


def test_the_same_settings_lower_nothing():
    assert lost(Settings(), Settings()) == []


# Each pair says: from the first to the second something falls, and back nothing does.
@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        (earning(points=2), earning(points=1), "earn.points"),
        (earning(), earning(per_amount=Decimal(2)), "earn.points"),
        (earning(points=3, per_amount=Decimal(2)), earning(), "earn.points"),
        (earning(rounding="half_up"), earning(), "earn.rounding"),
        (earning(base="net_paid"), earning(), "earn.base"),
        (earning(), earning(excluded_categories=("tea",)), "earn.multipliers.tea"),
        (
            earning(multipliers=(("tea", Decimal(2)),)),
            earning(),
            "earn.multipliers.tea",
        ),
        (
            earning(),
            earning(multipliers=(("tea", Decimal("0.5")),)),
            "earn.multipliers.tea",
        ),
        (earning(bonuses=(bonus(2),)), earning(), "earn.bonuses"),
        (earning(), earning(caps=Caps(member_day=100)), "earn.caps.member_day"),
        (
            earning(caps=Caps(member_month=9)),
            earning(caps=Caps(member_month=8)),
            "earn.caps.member_month",
        ),
        (earning(), earning(caps=Caps(total=1)), "earn.caps.total"),
        (
            earning(events=(("birthday", 50),)),
            earning(events=(("birthday", 49),)),
            "earn.events.birthday",
        ),
        (earning(stamps=(CUP,)), earning(), "earn.stamps.cup"),
        (Settings(pending_days=7), Settings(pending_days=8), "pending_days"),
        (
            Settings(activate_on="delivery"),
            Settings(activate_on="time"),
            "activate_on",
        ),
        (
            Settings(pending_days=0),
            Settings(pending_days=0, activate_on="delivery"),
            "activate_on",
        ),
        (Settings(expiry=Expiry(months=None)), Settings(), "expiry.months"),
        (Settings(), Settings(expiry=Expiry(months=11)), "expiry.months"),
        (
            Settings(expiry=Expiry(rounding="year")),
            Settings(expiry=Expiry(rounding="half_year")),
            "expiry.rounding",
        ),
        (Settings(expiry=Expiry(by="inactivity")), Settings(), "expiry.by"),
        (Settings(clawback="not_below_zero"), Settings(), "clawback"),
        (
            Settings(clawback="pending_only"),
            Settings(clawback="not_below_zero"),
            "clawback",
        ),
        (Settings(), Settings(point_value=Decimal("0.009")), "point_value"),
        (Settings(), Settings(restore_grace_days=29), "restore_grace_days"),
        (
            Settings(currencies=(Currency(key="points"), Currency(key="miles"))),
            Settings(currencies=(Currency(key="points"),)),
            "currencies.miles",
        ),
        (
            Settings(currencies=(Currency(key="points"),)),
            Settings(currencies=(Currency(key="points", spendable=False),)),
            "currencies.points.spendable",
        ),
        (Settings(), Settings(publish_approval=False), "publish_approval"),
    ],
)
def test_less_is_found_and_more_is_not_called_less(before, after, key):
    assert keys(before, after) == [key]
    assert keys(after, before) == []


def test_no_earning_any_more_is_one_loss_and_not_one_for_each_part():
    rich = earning(base="net_paid", bonuses=(bonus(2),), events=(("survey", 5),))

    assert keys(rich, Settings(earn=None)) == ["earn", "earn.events.survey"]
    assert keys(Settings(earn=None), rich) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("order", "floor"), ("line", "floor")),
        (("order", "floor"), ("line", "half_up")),
        (("order", "half_up"), ("line", "half_up")),
        (("line", "half_up"), ("order", "half_up")),
    ],
)
def test_a_rounding_that_takes_from_some_orders_counts_as_less(before, after):
    old = earning(per=before[0], rounding=before[1])
    new = earning(per=after[0], rounding=after[1])

    assert keys(old, new) == ["earn.rounding"]


def test_rounding_every_line_down_is_the_least_there_is():
    old = earning(per="line", rounding="floor")

    for per in ("order", "line"):
        for rounding in ("floor", "half_up"):
            assert keys(old, earning(per=per, rounding=rounding)) == []


def test_a_category_that_earned_nothing_loses_nothing_by_being_left_out():
    none = earning(multipliers=(("tea", Decimal(0)),))

    assert keys(none, earning(excluded_categories=("tea",))) == []


def test_a_bonus_that_is_over_before_the_version_begins_may_go():
    old = earning(bonuses=(bonus(2, ends=date(2026, 2, 1)),))

    assert keys(old, earning()) == []
    assert keys(old, earning(), at=datetime(2026, 1, 31, tzinfo=UTC)) == [
        "earn.bonuses"
    ]


def test_a_bonus_cut_short_falls_from_its_new_end_on():
    old = earning(bonuses=(bonus(2, starts=date(2026, 4, 1), ends=date(2026, 4, 9)),))
    new = earning(bonuses=(bonus(2, starts=date(2026, 4, 1), ends=date(2026, 4, 7)),))

    (loss,) = lost(old, new)

    assert "8 Apr 2026" in loss.text
    assert "1 times instead of 2" in loss.text
    assert lost(new, old) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (Stamps(name="cup", every=11, points=100), "give less"),
        (Stamps(name="cup", every=10, points=99), "give less"),
        (Stamps(name="cup", every=10, points=100, categories=("a",)), "give less"),
        (Stamps(name="cup", every=9, points=100), "start anew"),
    ],
)
def test_a_card_of_stamps_that_changes_begins_anew(changed, words):
    (loss,) = lost(earning(stamps=(CUP,)), earning(stamps=(changed,)))

    assert words in loss.text


def test_a_rate_of_conversion_that_falls_names_both_currencies():
    def two(rate):
        rates = (("points", Decimal(rate)),)
        return Settings(
            currencies=(Currency(key="points"), Currency(key="miles", rates=rates))
        )

    assert [one.text for one in lost(two(2), two(1))] == [
        "miles would become less of points."
    ]


def test_words_say_from_what_to_what():
    (loss,) = lost(earning(points=3, per_amount=Decimal(2)), earning())

    assert loss.text == "Points for every €2.00 would fall from 3 to 2."


def test_a_higher_rate_does_not_make_up_for_a_shorter_life():
    after = Settings(earn=Earn(points=9), expiry=Expiry(months=6))

    assert keys(Settings(), after) == ["expiry.months"]
