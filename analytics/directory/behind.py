"""The members behind a cell of a metric: the metric's own expression, filtered."""

from __future__ import annotations

from datetime import datetime

from analytics.directory.rules import Behind
from analytics.facts import queries as facts
from analytics.metrics import queries as metrics
from members.programme import queries as programme


def member_ids(
    *, asked: Behind, stores: frozenset[int] | None, at: datetime
) -> list[int]:
    """Return the ids behind the cell, as many as the cell says.

    Raises the metric's own `DomainError` where the cell or a parameter is wrong.
    """
    settings = programme.settings_at(at=at)
    as_of = asked.as_of or at.astimezone(settings.zone).date()
    with facts.opened(as_of=as_of, settings=settings, stores=stores) as opened:
        table = metrics.members_of(
            facts=opened,
            name=asked.metric,
            cell=asked.cell,
            by=asked.by,
            params=asked.params,
            start=asked.start,
            end=asked.end,
        )
        return metrics.member_ids(table)
