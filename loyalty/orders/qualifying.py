"""What orders count for tiers, and word to them of what was written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.db import connection

from loyalty.tiers import bases
from loyalty.tiers import services as tiers
from loyalty.tiers.models import TierMembership
from members.programme import queries as programme
from members.programme.rules import Settings

# Net money of orders. A refund is taken off the day of its order; a credit note that
# names none counts at its own.
SPEND = """
SELECT coalesce((SELECT p.day FROM loyalty_order p WHERE p.id = o.refund_of_id), o.day) AS day,
       CASE WHEN o.kind = 'order' THEN o.amount_minor ELSE -o.amount_minor END AS amount
  FROM loyalty_order o
 WHERE o.member_id = a.member_id AND o.day > l.first
"""

_ROWS = """
SELECT DISTINCT member_id, day, kind FROM loyalty_order WHERE id = ANY (%s::bigint[])
"""


def register() -> None:
    bases.register("spend", SPEND)


def written(
    *,
    order_ids: Sequence[int],
    actor: str,
    now: datetime,
    others: Collection[int] = (),
    settings: Settings | None = None,
) -> None:
    """Tiers follow orders and refunds that were just written, all in a few queries.

    `others` are members who may have lost what they had, as by a correction; `settings`
    those in force now, where the caller has read them.
    """
    if not (settings or programme.settings_at(at=now)).tier_sets:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [list(order_ids)])
        rows = cursor.fetchall()
    came: dict[int, date] = {}
    for member_id, day, kind in rows:
        if kind == "refund":
            came[member_id] = min(day, came.get(member_id, day))
    for member_id in others:
        came.setdefault(member_id, date.min)
    if came:
        tiers.after_returns(returns=came, actor=actor, now=now)
    tiers.reassess(
        pairs=[(member_id, day) for member_id, day, kind in rows if kind == "order"],
        actor=actor,
        now=now,
    )


def holders(member_ids: Collection[int]) -> list[int]:
    """Those of some members who hold a tier above the lowest: few, as a rule."""
    held = TierMembership.objects.filter(
        member_id__in=list(member_ids), valid_until__isnull=True
    )
    return list(held.values_list("member_id", flat=True).distinct())
