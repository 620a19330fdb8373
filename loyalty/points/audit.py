"""Proof that the books balance: every invariant, one set-based query each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from loyalty.points.checks import CHECKS, Check

# So many rows of a broken rule are named; the rest are counted.
SHOWN = 100
# Sorting a million allocations in memory instead of on disk.
_MEMORY = "SET LOCAL work_mem = '256MB'"
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_COUNTS = """
SELECT (SELECT count(*) FROM loyalty_account WHERE role = 'member') AS accounts,
       (SELECT count(*) FROM loyalty_transfer) AS transfers,
       (SELECT count(*) FROM loyalty_lot) AS lots,
       (SELECT count(*) FROM loyalty_allocation) AS allocations,
       (SELECT count(*) FROM loyalty_hold) AS holds,
       (SELECT count(*) FROM loyalty_debt) AS debts
"""

# Every cached number again, from transfers, allocations and holds alone.
_REBUILD = """
WITH taken AS (SELECT lot_id, sum(points) AS points FROM loyalty_allocation GROUP BY lot_id),
     kept AS (SELECT x.lot_id, sum(x.points) AS points FROM loyalty_holdallocation x
                JOIN loyalty_hold h ON h.id = x.hold_id WHERE h.state = 'open'
               GROUP BY x.lot_id),
     lots AS (SELECT l.id, l.account_id, l.points - coalesce(t.points, 0) AS remaining,
                     coalesce(k.points, 0) AS held, l.remaining AS was, l.held AS was_held
                FROM loyalty_lot l LEFT JOIN taken t ON t.lot_id = l.id
                LEFT JOIN kept k ON k.lot_id = l.id),
     paid AS (SELECT transfer_id, sum(points) AS points FROM loyalty_allocation
               WHERE transfer_id IN (SELECT transfer_id FROM loyalty_debt)
               GROUP BY transfer_id),
     debts AS (SELECT d.account_id, t.points - coalesce(p.points, 0) AS remaining,
                      d.remaining AS was
                 FROM loyalty_debt d JOIN loyalty_transfer t ON t.id = d.transfer_id
                 LEFT JOIN paid p ON p.transfer_id = d.transfer_id),
     accounts AS (
        SELECT a.id, a.unspent, a.held, a.debt,
               coalesce(l.remaining, 0) AS is_unspent, coalesce(l.held, 0) AS is_held,
               coalesce(d.remaining, 0) AS is_debt
          FROM loyalty_account a
          LEFT JOIN (SELECT account_id, sum(remaining) AS remaining, sum(held) AS held
                       FROM lots GROUP BY account_id) l ON l.account_id = a.id
          LEFT JOIN (SELECT account_id, sum(remaining) AS remaining
                       FROM debts GROUP BY account_id) d ON d.account_id = a.id)
SELECT (SELECT count(*) FROM lots WHERE (remaining, held) IS DISTINCT FROM (was, was_held))
     + (SELECT count(*) FROM debts WHERE remaining <> was)
     + (SELECT count(*) FROM accounts WHERE (unspent, held, debt)
            IS DISTINCT FROM (is_unspent, is_held, is_debt))
"""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One wrong row: whose it is, what, what it should be, what it is."""

    member: str
    item: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A rule that does not hold, in `count` places; the first of them are `rows`."""

    name: str
    sentence: str
    count: int
    rows: tuple[Breach, ...]


@dataclass(frozen=True, kw_only=True)
class Audit:
    counts: dict[str, int]
    checks: int
    rebuild_differs: int
    seconds: float
    broken: list[Broken]

    @property
    def ok(self) -> bool:
        return not self.broken and not self.rebuild_differs


def audit(*, report: Callable[[str], None] = lambda name: None) -> Audit:
    """Check all books as of one moment; nobody who posts meanwhile has to wait."""
    started = time.perf_counter()
    broken = []
    with _one_moment():
        for check in CHECKS:
            report(check.name)
            found = _run(check)
            if found is not None:
                broken.append(found)
        report("rebuild")
        with connection.cursor() as cursor:
            cursor.execute(_REBUILD)
            differs = int(cursor.fetchone()[0])
            cursor.execute(_COUNTS)
            names = [column.name for column in cursor.description]
            counts = dict(zip(names, cursor.fetchone(), strict=True))
    return Audit(
        counts=counts,
        checks=len(CHECKS),
        rebuild_differs=differs,
        seconds=time.perf_counter() - started,
        broken=broken,
    )


@contextmanager
def _one_moment() -> Iterator[None]:
    alone = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if alone:
            cursor.execute(_ONE_MOMENT)
        cursor.execute(_MEMORY)
        yield


def _run(check: Check) -> Broken | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(m.number, ''), q.item, q.expected::text, q.found::text,"  # noqa: S608  our own texts
            f" count(*) OVER () FROM ({check.sql}) AS q (account_id, item, expected, found)"
            f" LEFT JOIN loyalty_account a ON a.id = q.account_id"
            f" LEFT JOIN members_member m ON m.id = a.member_id"
            f" ORDER BY m.number NULLS LAST, q.item LIMIT {SHOWN}"
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    return Broken(
        name=check.name,
        sentence=str(check.sentence),
        count=rows[0][4],
        rows=tuple(
            Breach(member=member, item=item, expected=expected, found=found)
            for member, item, expected, found, _count in rows
        ),
    )
