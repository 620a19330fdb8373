"""The night of tiers in which everybody's time is over, beside the same by hand in SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction

from benchmarks import ledger_rows, tables
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from config.lib import clock, periods
from loyalty.tiers import nightly
from members.programme import rules

MEMBERS = 1_000_000
LOTS = 4
POINTS = 250

RULES = {
    "tier_sets": [
        {
            "key": "status",
            "tiers": [
                {"key": "base", "threshold": 0},
                {"key": "silver", "threshold": 500},
                {"key": "gold", "threshold": 1000},
                {"key": "platinum", "threshold": 2000},
            ],
        }
    ]
}

# Every second member holds what they reach again, the others one tier more.
_HELD = """
INSERT INTO loyalty_tiermembership (member_id, tier_set, tier, previous, since, valid_from,
       earned_on, ends_on, reason, version, actor)
SELECT id, 'status', CASE WHEN id %% 2 = 0 THEN 'gold' ELSE 'platinum' END, 'silver',
       %(began)s, %(began)s, %(began)s::date, %(day)s, 'reached', 1, 'bench'
  FROM members_member
"""
_TWIN = (
    "DROP TABLE IF EXISTS bench_tier, bench_tier_copy",
    "CREATE TABLE bench_tier (LIKE loyalty_tiermembership INCLUDING ALL)",
    "INSERT INTO bench_tier SELECT * FROM loyalty_tiermembership",
    "VACUUM (ANALYZE) bench_tier",
    "VACUUM (ANALYZE) loyalty_tiermembership",
)
# What somebody would write for this one set, these windows and this policy alone.
_BY_HAND = (
    """
    CREATE TEMPORARY TABLE bench_next ON COMMIT DROP AS
    WITH earned AS (
        SELECT c.member_id, sum(t.points - coalesce(r.points, 0)) AS points
          FROM loyalty_transfer t JOIN loyalty_account c ON c.id = t.credit_account_id
          LEFT JOIN (SELECT reverses_id, sum(points) AS points FROM loyalty_transfer
                      WHERE kind IN ('reverse', 'uncollected') GROUP BY reverses_id) r
                 ON r.reverses_id = t.id
         WHERE t.kind = 'earn' AND t.currency = 'points'
           AND (t.occurred_at AT TIME ZONE 'UTC')::date
               BETWEEN (%(day)s - interval '12 months')::date + 1 AND %(day)s
         GROUP BY c.member_id
    ), judged AS (
        SELECT h.*, CASE h.tier WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 WHEN 'platinum' THEN 3
                    ELSE 0 END AS rank,
               CASE WHEN e.points >= 2000 THEN 3 WHEN e.points >= 1000 THEN 2
                    WHEN e.points >= 500 THEN 1 ELSE 0 END AS fit
          FROM bench_tier h LEFT JOIN earned e USING (member_id)
         WHERE h.valid_until IS NULL AND h.ends_on <= %(day)s
    )
    SELECT id, member_id, tier, ends_on, since, rank, fit,
           greatest(fit, rank - 1) AS becomes FROM judged
    """,
    "UPDATE bench_tier h SET valid_until = %(as_of)s FROM bench_next n WHERE n.id = h.id",
    """
    INSERT INTO bench_tier (id, member_id, tier_set, tier, previous, previous_ends_on, since,
           valid_from, earned_on, ends_on, reason, version, actor, run)
    SELECT nextval('loyalty_tiermembership_id_seq'), member_id, 'status',
           (ARRAY['base', 'silver', 'gold', 'platinum'])[becomes + 1], tier, ends_on,
           CASE WHEN becomes = rank THEN since ELSE %(as_of)s END, %(as_of)s, %(day)s,
           CASE WHEN becomes > 0 THEN (%(day)s + interval '12 months')::date END,
           CASE WHEN becomes = rank THEN 'renewed' ELSE 'ended' END, 1, 'nightly', %(as_of)s
      FROM bench_next
    """,
)
_COLUMNS = "member_id, tier, previous, since, earned_on, ends_on, reason"
_DIFFER = f"""
SELECT count(*) FROM (
    SELECT {_COLUMNS} FROM bench_tier WHERE valid_until IS NULL
    EXCEPT SELECT {_COLUMNS} FROM loyalty_tiermembership WHERE valid_until IS NULL) d
"""
_IDS = "SELECT id FROM members_member WHERE id > %s ORDER BY id LIMIT %s"


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = max(100, int(MEMBERS * share))
    settings = rules.parse(RULES)
    today = periods.day_of(clock.now(), settings.zone)
    as_of = periods.day_start(today, settings.zone)
    _make(members, as_of, say=say)
    say("the same by hand")
    by_hand = _timed(lambda: _write_by_hand(as_of))
    say(f"the night of {members:,} members")
    ours = _timed(
        lambda: nightly.sweep(member_ids=_ids(), as_of=as_of, settings=settings)
    )
    with connection.cursor() as cursor:
        cursor.execute(_DIFFER)
        differ = int(cursor.fetchone()[0])
    again = _timed(
        lambda: nightly.sweep(member_ids=_ids(), as_of=as_of, settings=settings)
    )
    say("COPY of the rows it wrote")
    return Result(
        bench="tiers",
        title="a night in which every tier ends",
        sizes={"members": members, "purchases": members * LOTS},
        figures=(
            Figure(what="night / SQL by hand", value=ours / by_hand),
            Figure(
                what="night", value=ours, unit="s", note=f"by hand {by_hand:,.1f} s"
            ),
            Figure(
                what="rows of memberships",
                value=2 * members / ours,
                unit="/s",
                note=f"COPY writes {_copied(members):,.0f} a second",
            ),
            Figure(
                what="a night with nothing to do",
                value=again,
                unit="s",
                note="asks everybody",
            ),
            Figure(what="rows that differ", value=differ, hold=0),
        ),
    )


def _make(members: int, as_of: datetime, *, say: Callable[[str], None]) -> None:
    say(f"{members:,} members with {LOTS} purchases each")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE loyalty_tiermembership")
    ledger_rows.make(members=members, lots=LOTS, points=POINTS, days=None, before=30)
    day = (as_of - timedelta(days=1)).date()
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"began": as_of - timedelta(days=366), "day": day})
        for statement in _TWIN:
            cursor.execute(statement)
    tables.checkpoint()


def _write_by_hand(as_of: datetime) -> None:
    told = {"as_of": as_of, "day": (as_of - timedelta(days=1)).date()}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _BY_HAND:
            cursor.execute(statement, told)


def _ids() -> Iterator[list[int]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_IDS, [after, nightly.MEMBERS])
            found = [pk for (pk,) in cursor.fetchall()]
        if not found:
            return
        after = found[-1]
        yield found


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _copied(members: int) -> float:
    """Rows a second that COPY writes into a table like that of memberships."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_tier_copy (LIKE bench_tier INCLUDING ALL)")
        with cursor.copy(
            "COPY (SELECT * FROM bench_tier WHERE valid_until IS NULL) TO STDOUT"
        ) as stream:
            text = b"".join(bytes(piece) for piece in stream)
        started = time.perf_counter()
        with cursor.copy("COPY bench_tier_copy FROM STDIN") as stream:
            stream.write(text)
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_tier, bench_tier_copy")
    return members / seconds
