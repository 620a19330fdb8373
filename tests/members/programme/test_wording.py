"""Each rule of points is one sentence, in words a member understands."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from members.programme import rules, wording, wording_earn, wording_staff
from members.programme.points import Bonus, Caps, Currency, Earn, Expiry, Stamps
from members.programme.rules import Settings


def said(**settings):
    return [one.text for one in wording.sentences(Settings(**settings), language="en")]


def of(key, **settings):
    told = wording.sentences(Settings(**settings), language="en")
    return [one.text for one in told if one.key == key]


def test_the_rules_as_they_ship_read_as_sentences():
    assert said() == [
        "1 point for every €1.00 you spend, rounded down once per order; gift cards and shipping do not count.",
        "Points can be used 14 days after the purchase.",
        "Points expire 12 months after the purchase, at the end of that day.",
        "What you return takes its points back; if you have spent them, your next points pay for them.",
        "1 point pays €0.01.",
        "Points you paid with come back when you return what they paid; those that have expired last 30 more days.",
        "Adjustments of more than 1,000 points need a second person.",
    ]


@pytest.mark.parametrize(
    ("earn", "sentence"),
    [
        (None, "Purchases earn no points."),
        (Earn(points=0), "Purchases earn no points."),
        (
            Earn(points=3, per_amount=Decimal("2.5"), per="line", base="net_paid"),
            "3 points for every €2.50 you pay, rounded down for each line of the receipt; gift cards and shipping count too.",
        ),
        (
            Earn(rounding="half_up"),
            "1 point for every €1.00 you spend, rounded to the nearest point once per order; gift cards and shipping do not count.",
        ),
    ],
)
def test_earning(earn, sentence):
    assert of("earn", earn=earn) == [sentence]


def test_amounts_follow_the_currency():
    assert of("earn", earn=Earn(per_amount=Decimal(100)), currency="JPY")[0].startswith(
        "1 point for every ¥100 you spend"
    )
    # Half a cent is no amount; ten points are five.
    assert of("value", point_value=Decimal("0.005")) == ["10 points pay €0.05."]


def test_categories():
    earn = Earn(
        excluded_categories=("tobacco", "books"),
        multipliers=(
            ("tea", Decimal(2)),
            ("milk", Decimal("1.5")),
            ("rum", Decimal(0)),
        ),
    )

    assert of("excluded", earn=earn) == [
        "No points for these categories: tobacco, books."
    ]
    assert of("multiplier", earn=earn) == [
        "Points count double for this category: tea.",
        "Points count 1.5 times for this category: milk.",
        "No points for this category: rum.",
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "factor", "sentence"),
    [
        (
            date(2026, 3, 1),
            date(2026, 3, 7),
            2,
            "From 1 Mar 2026 to 7 Mar 2026 points count double.",
        ),
        (date(2026, 3, 1), date(2026, 3, 1), 3, "On 1 Mar 2026 points count 3 times."),
        (date(2026, 3, 1), None, 2, "From 1 Mar 2026 on points count double."),
        (None, date(2026, 3, 7), 5, "Until 7 Mar 2026 points count 5 times."),
        (None, None, 2, "Points count double."),
        (
            datetime(2026, 3, 1, 8, tzinfo=UTC),
            datetime(2026, 3, 1, 9, tzinfo=UTC),
            2,
            "From 1 Mar 2026, 09:00 to 1 Mar 2026, 10:00 points count double.",
        ),
    ],
)
def test_bonus_periods(starts, ends, factor, sentence):
    earn = Earn(
        bonuses=(Bonus(name="x", starts=starts, ends=ends, multiplier=Decimal(factor)),)
    )

    assert of("bonus", earn=earn, time_zone="Europe/Berlin") == [sentence]


def test_caps_events_and_stamps():
    earn = Earn(
        caps=Caps(member_day=500, member_month=2000, total=1_000_000),
        events=(("birthday", 1), ("referral", 300), ("sign_up", 50), ("survey", 0)),
        stamps=(
            Stamps(name="a", every=10, points=100),
            Stamps(name="b", every=5, points=1, categories=("tea", "coffee")),
        ),
    )

    assert of("cap", earn=earn) == [
        "Purchases of one day earn at most 500 points.",
        "Purchases of one calendar month earn at most 2,000 points.",
        "All members together can earn at most 1,000,000 points.",
    ]
    assert of("event", earn=earn) == [
        "1 point on your birthday.",
        "300 points for bringing a friend.",
        "50 points when you join.",
    ]
    assert of("stamps", earn=earn) == [
        "100 points with every 10 orders.",
        "1 point with every 5 orders that hold one of these categories: tea, coffee.",
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"pending_days": 0}, "Points can be used at once."),
        ({"pending_days": 1}, "Points can be used 1 day after the purchase."),
        (
            {"pending_days": 0, "activate_on": "delivery"},
            "Points can be used once the order is delivered.",
        ),
        (
            {"pending_days": 30, "activate_on": "delivery"},
            "Points can be used once the order is delivered, at the latest 30 days after the purchase.",
        ),
    ],
)
def test_when_points_can_be_used(settings, sentence):
    assert of("pending", **settings) == [sentence]


@pytest.mark.parametrize(
    ("expiry", "sentence"),
    [
        (Expiry(months=None), "Points do not expire."),
        (
            Expiry(months=1, rounding="month"),
            "Points expire 1 month after the purchase, at the end of that month.",
        ),
        (
            Expiry(months=24, rounding="year"),
            "Points expire 24 months after the purchase, at the end of that year.",
        ),
        (
            Expiry(months=6, rounding="quarter", by="inactivity"),
            "Points expire 6 months after you last earned or used any, at the end of that quarter.",
        ),
    ],
)
def test_when_points_expire(expiry, sentence):
    assert of("expiry", expiry=expiry) == [sentence]


def test_every_choice_has_its_own_sentence():
    roundings = ("none", "month", "quarter", "half_year", "year")
    expiries = [
        of("expiry", expiry=Expiry(rounding=rounding, by=by))[0]
        for rounding in roundings
        for by in ("lot", "inactivity")
    ]
    policies = [
        of("clawback", clawback=policy)[0]
        for policy in ("own_then_debt", "not_below_zero", "pending_only")
    ]
    earnings = [
        of("earn", earn=Earn(per=per, rounding=rounding, base=base))[0]
        for per in ("order", "line")
        for rounding in ("floor", "half_up")
        for base in ("net_goods", "net_paid")
    ]

    assert [len(set(told)) for told in (expiries, policies, earnings)] == [10, 3, 8]


def test_staff_and_currencies():
    assert of("approval", adjustment_approval_above=None) == [
        "Adjustments need no second person."
    ]
    assert of("approval", adjustment_approval_above=0) == [
        "Every adjustment needs a second person."
    ]
    currencies = (
        Currency(key="points"),
        Currency(key="miles", spendable=False, rates=(("points", Decimal("0.5")),)),
    )
    assert of("currency", currencies=currencies) == [
        "points can be spent.",
        "miles count, but cannot be spent.",
        "1 of miles becomes 0.5 of points.",
    ]


def test_changes_name_only_what_is_otherwise():
    before = Settings(earn=Earn(multipliers=(("tea", Decimal(2)),)))
    after = Settings(
        earn=Earn(multipliers=(("tea", Decimal(2)), ("milk", Decimal(2)))),
        pending_days=0,
    )

    assert wording.changes(before, after, language="en") == [
        wording.Change(
            key="multiplier",
            before=(),
            after=("Points count double for this category: milk.",),
        ),
        wording.Change(
            key="pending",
            before=("Points can be used 14 days after the purchase.",),
            after=("Points can be used at once.",),
        ),
    ]
    assert wording.changes(after, after, language="en") == []


def test_numbers_and_dates_follow_the_language():
    bonus = Bonus(
        name="x",
        starts=date(2026, 3, 1),
        ends=date(2026, 3, 7),
        multiplier=Decimal(2),
    )
    with translation.override("zh-hans"):
        told = wording_earn.bonus(bonus, Settings(), language="zh-hans")

    assert "2026年3月1日" in told


def test_staff_are_told_what_changed_of_tiers_and_accounts():
    before = rules.parse({})
    after = rules.parse(
        {
            "accounts": {"sales": "8400"},
            "tier_sets": [
                {"key": "status", "tiers": [{"key": "gold", "threshold": 100}]}
            ],
        }
    )

    found = wording_staff.all_changes(before, after, language="en")

    told = {change.key: (change.before, change.after) for change in found}
    assert told["accounts.sales"] == (
        ("Account of the journal: Revenue of goods, 4000.",),
        ("Account of the journal: Revenue of goods, 8400.",),
    )
    assert told["tiers.status"][0] == ()
    assert told["tiers.status"][1][:2] == (
        "status: everybody begins as Base.",
        "status: who earns 100 points within 12 months is gold.",
    )
    assert sorted(told) == ["accounts.sales", "tiers.status"]


def test_what_no_sentence_tells_is_named_all_the_same():
    def having(key: str) -> rules.Settings:
        tiers = [{"key": "base"}, {"key": key, "name": "Gold", "threshold": 9}]
        return rules.parse({"tier_sets": [{"key": "status", "tiers": tiers}]})

    (change,) = wording_staff.all_changes(having("gold"), having("star"), language="en")

    assert change.before == ()
    assert change.after == (
        "Settings that no sentence tells are otherwise: tier_sets.",
    )
    assert not wording_staff.all_changes(having("gold"), having("gold"), language="en")
