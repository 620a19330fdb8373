"""Years of random histories against a naive reading, one by one and all at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.orders import refunds
from loyalty.orders import services as orders
from loyalty.orders.rules import Line
from loyalty.points.models import NightlyRun
from loyalty.tiers import deciding, nightly
from loyalty.tiers.models import TierMembership
from members.profiles.models import Member
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from tests import factories, histories
from tests.loyalty.tiers import model

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2024, 1, 29)
KEYS = ("base", "silver", "gold")
_numbers = count(1)

windows = st.sampled_from(
    [
        "rolling_12m",
        "rolling_12m",
        "rolling_90d",
        "rolling_1m",
        "calendar_year",
        "membership_year",
        "lifetime",
        "month",
    ]
)
rules = st.fixed_dictionaries(
    {
        "downgrade": st.sampled_from(["one_step", "to_fit"]),
        "grace_days": st.sampled_from([0, 0, 5, 30]),
        "validity": st.sampled_from(
            ["window", "window", "calendar_year", "membership_year"]
        ),
        "clawback_days": st.sampled_from([0, 20, 400]),
        "windows": st.tuples(windows, windows),
        "basis": st.sampled_from(["spend", "qualifying_points"]),
    }
)
# What happens after so many days: a night, a purchase, one told late, a return.
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 5, 20, 31, 61, 180, 366]),
        st.sampled_from(["night", "night", "buy", "buy", "buy", "late", "return"]),
        st.integers(0, 1),  # member
        st.sampled_from([10, 40, 50, 60, 100]),
        st.integers(0, 100),
    ),
    min_size=4,
    max_size=25,
)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=BERLIN).astimezone(UTC)


def publish(told: dict) -> dict:
    """The set of both sides: silver from 50, gold from 100; `factors` multiply points."""
    factors = told.get("factors", {})
    tiers = [{"key": "base", "threshold": 0, "window": "lifetime"}]
    for key, threshold, window in zip(
        KEYS[1:], (50, 100), told["windows"], strict=True
    ):
        tiers.append({"key": key, "threshold": threshold, "window": window})
    names = ("downgrade", "grace_days", "validity", "clawback_days")
    policy = {name: told[name] for name in names}
    one = {
        "key": "status",
        **policy,
        "tiers": [
            {**tier, "basis": told["basis"], "multiplier": factors.get(tier["key"], 1)}
            for tier in tiers
        ],
    }
    first = ProgrammeVersion.objects.get(number=1)
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "time_zone": "Europe/Berlin", "tier_sets": [one]},
        created_at=noon(FIRST),
    )
    return {**policy, "tiers": tiers}


class Side:
    """One member, as Tern has it and as the naive model does."""

    def __init__(self, told: dict) -> None:
        self.row = factories.member(f"h-{next(_numbers)}")
        Member.objects.filter(pk=self.row.pk).update(joined_on=FIRST)
        self.naive = model.Member(rules=told, joined=FIRST)
        self.orders: list[tuple[int, date]] = []

    def buy(self, amount: int, on: date, today: date) -> None:
        # A night begins a day, so what is told on it is told later.
        told = orders.Told(
            source="till",
            external_id=f"o-{next(_numbers)}",
            member_id=self.row.pk,
            placed_at=noon(on),
            lines=[Line(amount_minor=amount * 100)],
        )
        done = orders.record(told=told, by=None, actor="test", at=noon(today))
        self.orders.append((done.order.pk, on))
        self.naive.buys(amount, on, today)

    def give_back(self, place: int, share: int, today: date) -> None:
        if not self.orders:
            return
        place %= len(self.orders)
        pk, _on = self.orders[place]
        left = self.naive.entries[place][1]
        amount = left if share > 50 else left // 2
        if amount == 0:
            return
        told = refunds.Told(
            external_id=f"f-{next(_numbers)}",
            refunded_at=noon(today),
            amount_minor=amount * 100,
        )
        refunds.refund(order_id=pk, told=told, by=None, actor="test", at=noon(today))
        self.naive.returns(place, amount, today)

    def found(self) -> tuple:
        row = TierMembership.objects.filter(
            member=self.row, valid_until__isnull=True
        ).first()
        if row is None:
            return ("base", None, "")
        return (row.tier, row.ends_on, row.reason)

    def expected(self) -> tuple:
        held = self.naive.held
        return (KEYS[held.rank], held.ends_on, held.reason)


@pytest.mark.django_db(transaction=False)
@settings(
    max_examples=histories.count(14),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(told=rules, happens=steps)
def test_random_histories_are_as_a_naive_reading_has_them(told, happens):
    with transaction.atomic():
        follow(publish(told), happens)
        transaction.set_rollback(True)


def follow(told: dict, happens: list) -> None:
    sides = [Side(told), Side(told)]
    today, last_night = FIRST, FIRST
    for days, what, who, amount, pick in happens:
        today += timedelta(days=days)
        side = sides[who]
        if what == "night":
            # A second night of one day is no night.
            if today > last_night:
                night(today, sides)
                last_night = today
            # The night is over before its day begins to sell.
        elif what == "buy":
            side.buy(amount, today, today)
        elif what == "late":
            side.buy(amount, max(FIRST, today - timedelta(days=pick * 4)), today)
        else:
            side.give_back(pick, amount, today)
        assert [one.found() for one in sides] == [one.expected() for one in sides], (
            today,
            what,
        )
        if what == "night":
            today += timedelta(days=1)
    exactly_one(sides)


def night(today: date, sides: list[Side]) -> None:
    settings_now = programme.settings_at(at=noon(today))
    as_of = datetime.combine(today, time(0), tzinfo=BERLIN).astimezone(UTC)
    ids = [one.row.pk for one in sides]
    together = deciding.nightly(member_ids=ids, as_of=as_of, settings=settings_now)
    apart = [
        change
        for pk in ids
        for change in deciding.nightly(
            member_ids=[pk], as_of=as_of, settings=settings_now
        )
    ]
    assert sorted(together, key=lambda one: one.member_id) == sorted(
        apart, key=lambda one: one.member_id
    )
    for one in sides:
        changed = TierMembership.objects.filter(
            member=one.row, valid_until__isnull=True, valid_from__gt=as_of
        ).exists()
        # Who moved since midnight is the next night's.
        if not changed:
            one.naive.night(today)
    nightly.run(as_of=as_of)
    before = list(TierMembership.objects.order_by("pk").values())
    nightly.run(as_of=as_of)
    assert list(TierMembership.objects.order_by("pk").values()) == before
    NightlyRun.objects.create(as_of=as_of, started_at=as_of, finished_at=as_of)


def exactly_one(sides: list[Side]) -> None:
    """At any instant a member holds one tier: each row begins where one ended."""
    for side in sides:
        rows = list(TierMembership.objects.filter(member=side.row).order_by("pk"))
        for row, after in pairwise(rows):
            assert row.valid_until == after.valid_from
        assert [row.valid_until for row in rows[-1:]] in ([], [None])
