"""A programme with tiers, purchases, and a draft replayed over them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from loyalty.orders import services as orders
from loyalty.orders.models import Order
from loyalty.orders.rules import Line
from loyalty.replay import services
from loyalty.replay.models import Replay
from members.profiles.models import Member
from members.programme.models import ProgrammeDraft, ProgrammeVersion
from members.settings import drafts
from tests import factories

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)


def draft(title: str = "Draft", **values: Any) -> ProgrammeDraft:
    person = factories.user("admin")
    return drafts.make(
        title=title,
        values=values,
        effective_from=None,
        note="",
        by=f"user:{person.pk}",
        at=NOW,
    )


def replayed(
    one: ProgrammeDraft,
    rival: ProgrammeDraft | None = None,
    *,
    months: int = 12,
    batch: int = 100,
    at: datetime = NOW,
) -> Replay:
    replay = services.request(draft=one, rival=rival, months=months, by=None, at=at)
    return services.run(replay_id=replay.pk, clock=lambda: at, batch=batch)


def status(
    *, gold: int = 100, factor: str = "1.5", basis: str = "spend", **fields: Any
) -> dict[str, Any]:
    return {
        "key": "status",
        "tiers": [
            {"key": "base"},
            {
                "key": "gold",
                "basis": basis,
                "threshold": gold,
                "multiplier": factor,
                "window": "rolling_90d",
            },
        ],
        **fields,
    }


def publish(*sets: dict[str, Any], **values: Any) -> None:
    ProgrammeVersion.objects.create(
        number=2,
        settings={"tier_sets": list(sets), **values},
        effective_from=None,
        created_at=factories.AT,
    )


def buy(member: Member, minor: int, *, on: date) -> Order:
    """As a till tells it, at noon."""
    at = datetime.combine(on, time(12), UTC)
    told = orders.Told(
        source="till",
        external_id=f"{member.pk}-{on}",
        member_id=member.pk,
        placed_at=at,
        lines=[Line(amount_minor=minor)],
    )
    return orders.record(told=told, by=None, actor="", at=at).order
