"""What is measured above is written down to here, so that a tier can follow it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, transaction

from members.programme.rules import Settings

# Only rows that say something new are written: most members stay where they are.
_TAKE = """
WITH told AS MATERIALIZED ({rows}), gone AS (
    DELETE FROM loyalty_tiermetric x WHERE x.metric = %(metric)s
       AND NOT EXISTS (SELECT 1 FROM told WHERE told.member_id = x.member_id)
    RETURNING 1
), put AS (
    INSERT INTO loyalty_tiermetric AS x (member_id, metric, place, as_of)
    SELECT member_id, %(metric)s, place, %(as_of)s FROM told
        ON CONFLICT (member_id, metric) DO UPDATE SET place = excluded.place, as_of = excluded.as_of
     WHERE x.place <> excluded.place
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)
"""


def wanted(settings: Settings) -> list[str]:
    """The metrics some tier follows; the others need not be handed down."""
    found = {
        tier.metric
        for one in settings.tier_sets
        for tier in one.tiers[1:]
        if tier.basis == "metric"
    }
    return sorted(found)


@transaction.atomic
def take(*, metric: str, rows: str, as_of: date) -> int:
    """Keep `place` of every member; `rows` is a query of `member_id` and `place`, one a
    member, and who is not in it has no place. Returns how many changed."""
    with connection.cursor() as cursor:
        told: dict[str, Any] = {"metric": metric, "as_of": as_of}
        cursor.execute(_TAKE.format(rows=rows), told)
        return int(cursor.fetchone()[0])
