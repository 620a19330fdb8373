"""A draft replayed over the orders there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.replay import services
from loyalty.replay.models import Replay
from members.programme.models import ProgrammeDraft
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
