"""A replay of a year of orders against earning them, and against the SQL by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from benchmarks import ledger_rows, tables
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from loyalty.orders import earning
from loyalty.replay import services
from loyalty.replay.models import Replay
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeDraft

MEMBERS = 1_000_000
# Orders of a member in the year; one in twenty comes back, by half.
EACH = 6
EARNED = 100_000
SLICE = 10_000

# Nothing is written down for good, so a replay may take this part of what earning takes.
OF_EARNING = 0.5
AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)

_ORDERS = """
INSERT INTO members_member (name, name_key, language, time_zone, acquisition_channel,
       source, created_at, updated_at)
SELECT '', '', '', '', '', 'bench', now(), now() FROM generate_series(1, %(members)s);
INSERT INTO loyalty_order (source, external_id, member_id, kind, placed_at, day, amount_minor,
       currency, channel, content_hash, created_at, updated_at)
SELECT 'bench', 'o-' || m.id || '-' || n, m.id, 'order', at,
       (at AT TIME ZONE %(zone)s)::date, 100 + hashint8(m.id * 64 + n)::bigint %% 10000 + 10000,
       'CNY', '', '', now(), now()
  FROM members_member m, generate_series(1, %(each)s) n,
       LATERAL (SELECT %(as_of)s::timestamptz
                       - make_interval(secs => 1 + (hashint8(n * 1000003 + m.id)::bigint
                         + 2147483648) %% 28000000) AS at) placed;
INSERT INTO loyalty_order (source, external_id, member_id, kind, refund_of_id, placed_at, day,
       amount_minor, currency, channel, content_hash, created_at, updated_at)
SELECT 'bench', 'r-' || id, member_id, 'refund', id, placed_at, day, amount_minor / 2, 'CNY',
       '', '', now(), now()
  FROM loyalty_order WHERE id %% 20 = 0 AND kind = 'order'
"""

_BY_HAND = """
WITH back AS (
    SELECT refund_of_id, sum(amount_minor) AS minor FROM loyalty_order
     WHERE kind = 'refund' AND day >= %(first)s AND placed_at < %(as_of)s
     GROUP BY refund_of_id
), kept AS (
    SELECT o.member_id, o.amount_minor / 100 AS one, 2 * o.amount_minor / 100 AS two,
           o.amount_minor AS whole, coalesce(b.minor, 0) AS minor
      FROM loyalty_order o LEFT JOIN back b ON b.refund_of_id = o.id
     WHERE o.kind = 'order' AND o.day >= %(first)s AND o.placed_at < %(as_of)s
)
SELECT sum(one)::bigint AS one, sum(two)::bigint AS two, count(*) FILTER (WHERE two > one)
  FROM (SELECT member_id, sum(one - div(one * minor, whole)) AS one,
               sum(two - div(two * minor, whole)) AS two
          FROM kept GROUP BY member_id) members
"""


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = max(20, int(MEMBERS * share))
    say(f"making {members * EACH:,} orders of {members:,} members")
    _make(members)
    size = min(EARNED, members * EACH)
    say(f"earning {size:,} of them")
    earned = _earn(size)
    say(f"replaying {members * EACH:,} by today's rules and by a draft")
    replay, seconds = _replay()
    result = replay.result or {}
    say("the SQL by hand")
    one, two, by_hand = _by_hand(replay)
    each = members * EACH / seconds
    sums = [side["net"] for side in result["sides"]]
    Replay.objects.all().delete()
    ProgrammeDraft.objects.all().delete()
    _empty()
    orders = result["counts"]["orders"]
    return Result(
        bench="replay",
        title="a replay of a year of orders against earning them",
        sizes={"members": members, "orders": orders, "orders earned": size},
        figures=(
            Figure(what="replay", value=seconds, unit="s", note="two sets of rules"),
            Figure(what="orders replayed a second", value=each),
            Figure(what="orders earned a second", value=earned),
            Figure(
                what="replay / earning",
                value=earned / each,
                unit="×",
                hold=OF_EARNING,
                note="of as many orders",
            ),
            Figure(what="SQL by hand", value=by_hand, unit="s"),
            # Told, not held: the hand knows one rule and two sums, the replay any rule.
            Figure(what="replay / SQL", value=seconds / by_hand, unit="×"),
            Figure(
                what="points that differ from the SQL",
                value=abs(sums[0] - one) + abs(sums[1] - two),
                hold=0,
            ),
            Figure(what="orders not replayed", value=members * EACH - orders, hold=0),
        ),
    )


def _empty() -> None:
    tables.empty()
    with connection.cursor() as cursor:
        # Transfers have no foreign key that would take them along.
        cursor.execute(
            f"TRUNCATE {', '.join(ledger_rows.LOTS)} RESTART IDENTITY CASCADE"
        )


def _make(members: int) -> None:
    _empty()
    zone = programme.latest().time_zone
    told: dict[str, Any] = {"members": members, "each": EACH}
    told |= {"zone": zone, "as_of": AS_OF}
    with tables.indexed_after("loyalty_order"), connection.cursor() as cursor:
        # One statement at a time: parameters are bound by the server.
        for statement in _ORDERS.split(";\n"):
            cursor.execute(statement, told)
    tables.checkpoint()


def _earn(size: int) -> float:
    """Orders a second that the bulk path of imports posts, each slice a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Nobody posts what returns take here, so those earn nothing that had any.
            "SELECT id FROM loyalty_order WHERE kind = 'order' AND id %% 20 <> 0"
            " ORDER BY id LIMIT %s",
            [size],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    started = time.perf_counter()
    for first in range(0, len(ids), SLICE):
        earning.earn_many(order_ids=ids[first : first + SLICE], actor="", now=AS_OF)
    return len(ids) / (time.perf_counter() - started)


def _replay() -> tuple[Replay, float]:
    settings = programme.settings_at(at=AS_OF)
    told: dict[str, Any] = rules.dump(settings)
    draft = ProgrammeDraft.objects.create(
        title="twice",
        settings={**told, "earn": {**told["earn"], "points": 2}},
        based_on=settings.number,
        created_at=AS_OF,
        updated_at=AS_OF,
    )
    replay = services.request(draft=draft, rival=None, months=12, by=None, at=AS_OF)
    started = time.perf_counter()
    done = services.run(replay_id=replay.pk, clock=lambda: AS_OF)
    return done, time.perf_counter() - started


def _by_hand(replay: Replay) -> tuple[int, int, float]:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_BY_HAND, {"first": replay.first_on, "as_of": AS_OF})
        one, two, _winners = cursor.fetchone()
    return int(one), int(two), time.perf_counter() - started
