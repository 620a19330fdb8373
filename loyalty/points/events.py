"""Points for what is no order: signing up, a birthday, an answer to a survey."""

from __future__ import annotations

from datetime import datetime

from loyalty.points import kernel, postings, rules, watchers
from loyalty.points.enums import Role, TransferKind
from loyalty.points.postings import Posted, currency_of
from members.programme.rules import Settings


def award(
    *,
    member_id: int,
    event: str,
    occasion: str,
    actor: str,
    at: datetime,
    now: datetime,
    settings: Settings,
) -> Posted | None:
    """Give what `settings` promise for an event, once an occasion; None: nothing.

    `occasion` tells one birthday from the next. Nothing was bought, so nothing can be
    returned: the points are available at once.
    """
    points = settings.earn.event(event) if settings.earn else 0
    if not points:
        return None
    posted = postings.credit(
        kind=TransferKind.EVENT,
        role=Role.ISSUED,
        member_id=member_id,
        points=points,
        currency=currency_of(settings, None),
        reference=f"event:{event}:{occasion}",
        # The occasion alone counts: a rule changed since gives nothing twice.
        digest=kernel.digest({"member": member_id, "event": event}),
        at=at,
        now=now,
        available_at=at,
        expires_at=rules.expires_at(occurred_at=at, settings=settings),
        rolling=settings.expiry.by == "inactivity",
        version=settings.number,
        actor=actor,
    )
    watchers.tell(member_id=member_id, actor=actor, now=now, settings=settings)
    return posted
