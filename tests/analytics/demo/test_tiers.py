"""The demo's tiers: a history of moves, and a night that finds nothing left to do."""

from __future__ import annotations

import pytest

from config.lib import periods
from loyalty.tiers import nightly
from loyalty.tiers.models import TierMembership
from members.profiles.models import Member
from members.programme import queries as programme
from tests.analytics.demo.test_ledger import AT, load

pytestmark = pytest.mark.django_db


def test_members_rise_renew_and_fall_and_few_are_gold():
    load(members=1200, months=24)

    reasons = set(TierMembership.objects.values_list("reason", flat=True))
    held = TierMembership.objects.filter(valid_until=None)
    silver, gold = (held.filter(tier=tier).count() for tier in ("silver", "gold"))
    assert reasons == {"reached", "renewed", "ended"}
    assert silver > gold > 0


def test_night_after_the_demo_moves_nobody():
    load()
    settings = programme.settings_at(at=AT)
    midnight = periods.day_start(periods.day_of(AT, settings.zone), settings.zone)
    rows = TierMembership.objects.count()

    members = list(Member.objects.order_by("pk").values_list("pk", flat=True))
    moved = nightly.sweep(member_ids=[members], as_of=midnight, settings=settings)

    assert (moved, TierMembership.objects.count()) == (0, rows)
