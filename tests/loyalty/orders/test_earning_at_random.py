"""What orders earn against a naive reading of the rule: in bulk, and one by one."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from loyalty.orders import earning
from loyalty.orders.models import Order, OrderLine
from loyalty.points import audit
from loyalty.points.models import Transfer
from members.programme import rules as programme
from members.programme.models import ProgrammeVersion
from tests import factories, histories

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2026, 1, 28)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CATEGORIES = ("", "tea", "rice", "tobacco")

factors = st.sampled_from(["0", "0.5", "1", "1.25", "2", "3.333"])
lines = st.lists(
    st.tuples(st.integers(0, 30_000), st.sampled_from(CATEGORIES), st.booleans()),
    max_size=4,
)
orders = st.lists(
    st.tuples(
        st.integers(0, 2),  # member
        st.integers(0, 8),  # days after the first
        st.integers(0, 23),
        lines,
        st.integers(0, 5_000),  # an amount no line speaks of
    ),
    min_size=1,
    max_size=8,
)
limits = st.none() | st.integers(0, 400)
earns = st.fixed_dictionaries(
    {
        "points": st.integers(1, 7),
        "per_amount": st.sampled_from(["1", "0.5", "3", "10"]),
        "rounding": st.sampled_from(["floor", "half_up"]),
        "per": st.sampled_from(["order", "line"]),
        "base": st.sampled_from(["net_goods", "net_paid"]),
        "excluded_categories": st.lists(st.sampled_from(CATEGORIES[1:]), max_size=1),
        "multipliers": st.dictionaries(st.sampled_from(CATEGORIES[1:]), factors),
        "bonuses": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("x"),
                    "from": st.none() | st.sampled_from(["2026-01-30", "2026-02-01"]),
                    "to": st.none() | st.sampled_from(["2026-01-31", "2026-02-03"]),
                    "multiplier": factors,
                }
            ).filter(lambda one: not one["from"] or (one["to"] or "9") >= one["from"]),
            max_size=2,
        ),
        "caps": st.fixed_dictionaries(
            {"member_day": limits, "member_month": limits, "total": limits}
        ),
    }
)


def rounded(value: Fraction, rounding: str) -> int:
    return int(value) if rounding == "floor" else int(value + Fraction(1, 2))


def bonus_on(earn, day: date) -> Fraction:
    factor = Fraction(1)
    for bonus in earn["bonuses"]:
        began = bonus["from"] is None or bonus["from"] <= day.isoformat()
        over = bonus["to"] is not None and bonus["to"] < day.isoformat()
        if began and not over:
            factor *= Fraction(bonus["multiplier"])
    return factor


def weights_of(earn, told, day: date) -> dict[int, Fraction]:
    """What each line counts for, in minor units; 0 is what no line speaks of."""
    counted = {}
    rows = [(n, *line) for n, line in enumerate(told[3], start=1)]
    for number, minor, category, goods in [(0, told[4], "", True), *rows]:
        left_out = category in earn["excluded_categories"]
        if earn["base"] == "net_goods" and not goods:
            left_out = True
        factor = Fraction(earn["multipliers"].get(category, "1")) * bonus_on(earn, day)
        weight = Fraction(0) if left_out else minor * factor
        if weight:
            counted[number] = weight
    return counted


def shares(points: int, weights: dict[int, Fraction]) -> dict[int, int]:
    whole = sum(weights.values())
    exact = {n: points * weight / whole for n, weight in weights.items()}
    given_out = {n: int(share) for n, share in exact.items()}
    rest = points - sum(given_out.values())
    for n in sorted(exact, key=lambda n: (given_out[n] - exact[n], n))[:rest]:
        given_out[n] += 1
    return given_out


def naive(earn, told) -> dict[int, dict[int, int]]:
    """The parts each order is granted, by its place in `told`."""
    rate = Fraction(earn["points"]) / (Fraction(earn["per_amount"]) * 100)
    day_of = [FIRST + timedelta(days=one[1]) for one in told]
    by_day: dict[Any, int] = defaultdict(int)
    by_month: dict[Any, int] = defaultdict(int)
    in_all = 0
    granted = {}
    for place in sorted(range(len(told)), key=lambda n: (*told[n][1:3], n)):
        member, day = told[place][0], day_of[place]
        weights = weights_of(earn, told[place], day)
        if earn["per"] == "line":
            parts = {n: rounded(w * rate, earn["rounding"]) for n, w in weights.items()}
            points = sum(parts.values())
        else:
            points = rounded(sum(weights.values()) * rate, earn["rounding"])
            parts = None
        full = points
        caps = earn["caps"]
        for limit, used in (
            (caps["member_day"], by_day[member, day]),
            (caps["member_month"], by_month[member, day.month]),
            (caps["total"], in_all),
        ):
            points = points if limit is None else min(points, max(0, limit - used))
        if parts is None or points != full:
            parts = shares(points, weights) if points else {}
        by_day[member, day] += points
        by_month[member, day.month] += points
        in_all += points
        granted[place] = {n: part for n, part in parts.items() if part}
    return granted


def write(told, members) -> list[Order]:
    written = []
    for place, (who, day, hour, rows, loose) in enumerate(told):
        on = FIRST + timedelta(days=day)
        at = datetime(on.year, on.month, on.day, hour, tzinfo=BERLIN)
        order = factories.order(
            members[who],
            minor=loose + sum(minor for minor, _, _ in rows),
            on=on,
            placed_at=at,
            external_id=f"o-{place}",
        )
        OrderLine.objects.bulk_create(
            OrderLine(
                order=order,
                line_no=n,
                amount_minor=minor,
                category=category,
                goods=goods,
            )
            for n, (minor, category, goods) in enumerate(rows, start=1)
        )
        written.append(order)
    return written


def found(written) -> dict[int, dict[int, int]]:
    keys = {f"order:{order.pk}": place for place, order in enumerate(written)}
    parts: dict[int, dict[int, int]] = {place: {} for place in keys.values()}
    for transfer in Transfer.objects.filter(reference__in=keys):
        given_out = {int(n): part for n, part in (transfer.parts or {}).items()}
        assert sum(given_out.values()) == transfer.points
        parts[keys[transfer.reference]] = given_out
    return parts


@pytest.mark.django_db
@settings(
    max_examples=histories.count(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(earn=earns, told=orders, one_by_one=st.booleans())
def test_orders_earn_what_a_naive_reading_of_the_rule_says(earn, told, one_by_one):
    values = {
        "time_zone": "Europe/Berlin",
        "earn": {
            **earn,
            "caps": {k: v for k, v in earn["caps"].items() if v is not None},
        },
    }
    note(f"{earn}\n{told}\n{one_by_one}")
    with transaction.atomic():
        ProgrammeVersion.objects.create(
            number=2, settings=values, effective_from=None, created_at=factories.AT
        )
        members = [factories.member() for _ in range(3)]
        written = write(told, members)
        if one_by_one:
            rule = programme.parse(values, number=2)
            for order in sorted(written, key=lambda order: (order.placed_at, order.pk)):
                earning.earn_one(
                    order_id=order.pk, day=order.day, settings=rule, actor="", now=NOW
                )
        else:
            ids = [order.pk for order in written]
            earning.earn_many(order_ids=ids, actor="", now=NOW)

        assert found(written) == naive(earn, told)
        assert audit.audit().ok
        transaction.set_rollback(True)
