"""The demo's books: every kind of entry, balanced, and nothing left to earn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Sum

from analytics.demo import rules
from analytics.demo import services as demo
from loyalty.liability import services as liability
from loyalty.liability.models import LiabilityDay
from loyalty.orders import history
from loyalty.points import audit
from loyalty.points.models import Account, Debt, Hold, Transfer
from members.approvals.models import Approval
from members.programme import queries as programme

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def load(*, members: int = 300, months: int = 6, **changes: Any) -> demo.Loaded:
    values = {"seed": 5, "end": None, "at": AT, **changes}
    return demo.load(members=members, months=months, **values)


def test_every_kind_of_entry_is_there_and_the_books_balance():
    load(members=1200, months=18)

    kinds = set(Transfer.objects.values_list("kind", flat=True))
    assert kinds == {"adjust", "earn", "expire", "redeem", "reverse"}
    assert Hold.objects.filter(state="open").count() == rules.HOLDS
    assert Debt.objects.exists()
    assert [one.state for one in Approval.objects.all()] == ["pending"]
    assert Transfer.objects.filter(posted_at__gt=AT).count() == 0
    assert audit.audit().broken == []


def test_roll_forward_closes_on_every_day_and_equals_the_accounts():
    done = load(members=600, months=18)

    run = liability.rebuild(at=AT, settings=programme.settings_at(at=AT))

    days = list(LiabilityDay.objects.order_by("day"))
    first = days[0].day
    assert (run.closes, run.broken) == (True, [])
    assert [one.day for one in days] == [
        first + timedelta(days=n) for n in range((AT.date() - first).days + 1)
    ]
    assert (first - done.plan.start).days < 31
    assert all(
        one.closing == one.pending + one.active - one.debt >= -one.debt for one in days
    )
    assert all(before.closing == after.opening for before, after in pairwise(days))
    accounts = Account.objects.filter(member__isnull=False).aggregate(
        unspent=Sum("unspent"), debt=Sum("debt"), held=Sum("held")
    )
    last = days[-1]
    assert accounts == {
        "unspent": last.pending + last.active,
        "debt": last.debt,
        "held": last.held,
    }
    assert audit.audit().rebuild_differs == 0


def test_what_was_loaded_has_earned_all_it_earns():
    load()
    entries = Transfer.objects.count()

    done = history.apply(period=history.Period(), actor="", now=AT)

    assert (done.orders, done.points, Transfer.objects.count()) == (0, 0, entries)
