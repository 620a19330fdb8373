"""Tiers by the points of a draft are the tiers of a world in which it was in force."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from config.lib import periods
from loyalty.points import kernel
from loyalty.tiers import preview, standing
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from tests import histories
from tests.loyalty.replay.playing import draft, replayed
from tests.loyalty.replay.test_replay_tiers_at_random import steps
from tests.loyalty.tiers.test_histories import (
    BERLIN,
    FIRST,
    Side,
    noon,
    publish,
    windows,
)

drafts = st.fixed_dictionaries(
    {
        "earn": st.fixed_dictionaries(
            {
                "points": st.integers(1, 3),
                "per_amount": st.sampled_from(["1", "2", "7"]),
            }
        ),
        "pending_days": st.sampled_from([0, 0, 40]),
        "expiry": st.fixed_dictionaries({"months": st.sampled_from([None, 2, 12])}),
    }
)


@pytest.mark.django_db(transaction=False)
@histories.worlds(8)
@given(
    spans=st.tuples(windows, windows),
    today=drafts,
    other=drafts,
    happens=steps,
)
def test_a_draft_moves_members_as_if_it_had_been_in_force(spans, today, other, happens):
    told = {
        "basis": "qualifying_points",
        "windows": spans,
        # What fits then does not depend on what was held.
        "downgrade": "to_fit",
        "grace_days": 0,
        "validity": "window",
        "clawback_days": 0,
    }
    with transaction.atomic():
        at = lived(told, today, happens)
        found: Any = replayed(draft(**other), months=36, at=at)
        transaction.set_rollback(True)
    sides = [_fits(found.state["moves"][place]) for place in ("0", "1")]

    assert sides == [posted(told, rules, happens) for rules in (today, other)]


def lived(told: dict[str, Any], rules: dict[str, Any], happens: list[Any]) -> datetime:
    naive = publish(told)
    version = ProgrammeVersion.objects.get(number=2)
    ProgrammeVersion.objects.create(
        number=3,
        effective_from=version.created_at,
        settings={**version.settings, **rules},
        created_at=version.created_at,
    )
    sides = [Side(naive), Side(naive)]
    now = FIRST
    for days, what, who, amount, pick in happens:
        now += timedelta(days=days)
        if what == "buy":
            sides[who].buy(amount, now, now)
        elif what == "late":
            sides[who].buy(amount, max(FIRST, now - timedelta(days=pick)), now)
        elif what == "return":
            sides[who].give_back(pick, amount, now)
    return noon(now + timedelta(days=1))


def posted(
    told: dict[str, Any], rules: dict[str, Any], happens: list[Any]
) -> Counter[str]:
    """What fits in the books of a world under these rules."""
    with transaction.atomic():
        at = lived(told, rules, happens)
        found = standing.of(settings=programme.latest(), asked=preview.EVERYBODY, at=at)
        day = preview.told_at(periods.day_of(at, BERLIN))
        rows = kernel.run(preview.counts(found), {**found.told, **day})
        transaction.set_rollback(True)
    return sum((Counter({str(r["fit"]): r["members"]}) for r in rows), Counter())


def _fits(moves: dict[str, int]) -> Counter[str]:
    """How many members each tier fits, whatever they held."""
    found: Counter[str] = Counter()
    for key, members in moves.items():
        found[key.split()[2]] += members
    return found
