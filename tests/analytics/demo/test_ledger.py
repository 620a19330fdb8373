"""The demo's books: every kind of entry, balanced, and nothing left to earn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.demo import rules
from analytics.demo import services as demo
from loyalty.orders import history
from loyalty.points import audit
from loyalty.points.models import Debt, Hold, Transfer
from members.approvals.models import Approval

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


def test_what_was_loaded_has_earned_all_it_earns():
    load()
    entries = Transfer.objects.count()

    done = history.apply(period=history.Period(), actor="", now=AT)

    assert (done.orders, done.points, Transfer.objects.count()) == (0, 0, entries)
