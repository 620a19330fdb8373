"""The night's work on tiers: after points became available, ended, and values are known.

Balances are read as of the night, whatever has been written by then, so one pass says
what two around expiry would, and each member moves once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction

from config.lib import periods
from loyalty.points.models import NightlyRun
from loyalty.tiers import deciding, services
from members.programme import queries as programme
from members.programme.rules import Settings

# Members looked at in one go.
MEMBERS = 20_000

Report = Callable[[int], None]

# Members with a term that is over, or a tier held for as long as it is reached.
_DUE = """
SELECT DISTINCT member_id FROM loyalty_tiermembership
 WHERE valid_until IS NULL AND (ends_on IS NULL OR ends_on <= %(day)s)
   AND member_id > %(after)s
 ORDER BY member_id LIMIT %(limit)s
"""
_ALL = """
SELECT id FROM members_member WHERE merged_into_id IS NULL AND id > %(after)s
 ORDER BY id LIMIT %(limit)s
"""
_GONE_SETS = """
UPDATE loyalty_tiermembership SET valid_until = %(as_of)s
 WHERE valid_until IS NULL AND NOT tier_set = ANY (%(sets)s) AND valid_from <= %(as_of)s
"""


def run(
    *,
    as_of: datetime,
    batch: int = MEMBERS,
    report: Report = lambda done: None,
) -> int:
    """Do what the night of `as_of` does to tiers; returns how many were changed.

    Each batch is a transaction of its own, and what one has changed is not due again:
    a night that was killed goes on, a second one changes nothing.
    """
    settings = programme.settings_at(at=as_of)
    with connection.cursor() as cursor:
        sets = [one.key for one in settings.tier_sets]
        cursor.execute(_GONE_SETS, {"as_of": as_of, "sets": sets})
    return sweep(
        member_ids=_batches(as_of, settings, batch),
        as_of=as_of,
        settings=settings,
        report=report,
    )


def sweep(
    *,
    member_ids: Iterable[list[int]],
    as_of: datetime,
    settings: Settings,
    report: Report = lambda done: None,
) -> int:
    """Judge members in batches, each a transaction; returns how many were changed."""
    total, crowded = 0, False
    for batch in member_ids if settings.tier_sets else ():
        movers = batch if crowded else _movers(batch, as_of=as_of, settings=settings)
        changed = _move(movers, as_of=as_of, settings=settings)
        # Where most move, as at the end of a year, nobody is asked twice.
        crowded = 2 * changed > len(batch)
        total += changed
        report(total)
    return total


def _movers(batch: list[int], *, as_of: datetime, settings: Settings) -> list[int]:
    """Look without making anybody wait; only who moves is locked and asked again."""
    found = deciding.nightly(member_ids=batch, as_of=as_of, settings=settings)
    return sorted({one.member_id for one in found})


@transaction.atomic
def _move(members: list[int], *, as_of: datetime, settings: Settings) -> int:
    if not members:
        return 0
    services.lock(member_ids=members, settings=settings)
    changes = deciding.nightly(member_ids=members, as_of=as_of, settings=settings)
    services.write(
        changes=changes, at=as_of, settings=settings, actor="nightly", run=as_of
    )
    return sum(1 for one in changes if one.reason)


def due(
    *, as_of: datetime, settings: Settings, batch: int = MEMBERS
) -> Iterator[list[int]]:
    """Members whose time is over by the night of `as_of`, in batches."""
    return _found(_DUE, as_of, settings, batch)


def _batches(as_of: datetime, settings: Settings, size: int) -> Iterator[list[int]]:
    query = _ALL if _everybody(as_of, settings) else _DUE
    return _found(query, as_of, settings, size)


def _found(
    query: str, as_of: datetime, settings: Settings, size: int
) -> Iterator[list[int]]:
    day = periods.day_of(as_of, settings.zone) - timedelta(days=1)
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, {"day": day, "after": after, "limit": size})
            found = [pk for (pk,) in cursor.fetchall()]
        if not found:
            return
        after = found[-1]
        yield found


def _everybody(as_of: datetime, settings: Settings) -> bool:
    """Balances and metrics move by themselves, new rules move anybody."""
    tiers = (tier for one in settings.tier_sets for tier in one.tiers[1:])
    if any(tier.basis in ("balance", "metric") for tier in tiers):
        return True
    last = (
        NightlyRun.objects.filter(as_of__lt=as_of, finished_at__isnull=False)
        .order_by("-as_of")
        .first()
    )
    return last is None or programme.settings_at(at=last.as_of) != settings
