"""Values of the last run handed down to tiers that follow one."""

from __future__ import annotations

from datetime import datetime

from analytics.values.models import MemberValue, ValueRun
from config.lib import periods
from loyalty.tiers import handed
from members.programme import queries as programme
from members.programme import tiers


def down(*, as_of: datetime) -> int:
    """Write what tiers follow of each member; returns how many moved in all."""
    settings = programme.settings_at(at=as_of)
    run = ValueRun.objects.current().first()
    if run is None:
        return 0
    return sum(
        handed.take(
            metric=metric,
            rows=_places(metric),
            as_of=periods.day_of(as_of, settings.zone),
        )
        for metric in handed.wanted(settings)
    )


def _places(metric: str) -> str:
    """A word's place in its list, from 1; scores are their own places."""
    cases = " ".join(
        f"WHEN '{word}' THEN {place}"
        for place, word in enumerate(tiers.METRICS[metric], start=1)
    )
    column = f'"{metric}"'
    table = f'"{MemberValue._meta.db_table}"'
    return (
        f"SELECT member_id, CASE {column}::text {cases} END::smallint AS place "  # noqa: S608  our own names
        f"FROM {table} WHERE {column} IS NOT NULL"
    )
