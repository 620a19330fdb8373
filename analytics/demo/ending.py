"""What the books of the demo end with: work for the people who try it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from analytics.demo import rules
from analytics.demo.queries import Begun
from loyalty.points import approvals, kernel, services
from loyalty.points.rules import expires_at
from members.profiles.models import Member
from members.programme.rules import Settings

AUTHOR: Final = "demo"
_PURPOSE: Final = 4
_REASONS: Final = (
    (200, "Goodwill after a late delivery"),
    (500, "Won the riddle of the month"),
    (300, "Apology for a wrong charge"),
    (-100, "Points entered twice at the till"),
)
_HELD: Final = timedelta(days=7)


def post(found: Begun, *, at: datetime, settings: Settings) -> None:
    """Post adjustments and holds, and ask for an adjustment that takes two people."""
    random = rules.stream(found.plan, block=0, purpose=_PURPOSE)
    rows = kernel.run(
        _READY,
        {
            "first": found.first_member,
            "after": found.first_member + found.plan.members,
            "at": at,
            "least": rules.HOLD_POINTS,
        },
    )
    ready = [int(row["member_id"]) for row in rows]
    chosen = [ready[n] for n in random.permutation(len(ready))]
    held, rest = chosen[: rules.HOLDS], chosen[rules.HOLDS :]
    _hold(held, at=at, settings=settings)
    _adjust(rest[: rules.ADJUSTMENTS], at=at, settings=settings)
    for member_id in rest[rules.ADJUSTMENTS : rules.ADJUSTMENTS + 1]:
        _ask(member_id, at=at, settings=settings)


def _hold(member_ids: Sequence[int], *, at: datetime, settings: Settings) -> None:
    for member_id in member_ids:
        services.hold(
            member_id=member_id,
            points=rules.HOLD_POINTS,
            reference="demo",
            expires_at=at + _HELD,
            now=at,
            settings=settings,
        )


def _adjust(member_ids: Sequence[int], *, at: datetime, settings: Settings) -> None:
    for n, member_id in enumerate(member_ids):
        points, reason = _REASONS[n % len(_REASONS)]
        services.adjust(
            member_id=member_id,
            points=points,
            reference=f"demo-{member_id}",
            reason=reason,
            actor=AUTHOR,
            at=at,
            now=at,
            settings=settings,
        )


def _ask(member_id: int, *, at: datetime, settings: Settings) -> None:
    approvals.ask_to_adjust(
        member=Member.objects.get(pk=member_id),
        points=5 * (settings.adjustment_approval_above or 1000),
        reason="Compensation for a recalled product",
        occurred_at=None,
        expires_at=expires_at(occurred_at=at, settings=settings),
        currency=settings.currencies[0].key,
        author=AUTHOR,
        now=at,
    )


# Members with points to spare, whatever happens to them next.
_READY = """
SELECT a.member_id FROM loyalty_account a JOIN loyalty_lot l ON l.account_id = a.id
 WHERE a.member_id >= %(first)s AND a.member_id < %(after)s AND a.debt = 0
   AND l.remaining > l.held AND l.available_at <= %(at)s
   AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
 GROUP BY a.member_id HAVING sum(l.remaining - l.held) >= %(least)s
 ORDER BY a.member_id
"""
