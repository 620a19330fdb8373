"""Books of any size, written straight into the tables, and audited before use."""

from __future__ import annotations

from typing import Any

from django.db import connection

from benchmarks import tables

CURRENCY = "points"
LOTS = (
    "loyalty_account",
    "loyalty_transfer",
    "loyalty_lot",
    "loyalty_allocation",
)

_MEMBERS = """
INSERT INTO members_member (name, name_key, language, time_zone, acquisition_channel,
       source, created_at, updated_at)
SELECT '', '', '', '', '', 'bench', now(), now() FROM generate_series(1, %(members)s);
INSERT INTO loyalty_account (member_id, currency, role)
SELECT id, 'points', 'member' FROM members_member ORDER BY id;
"""

# Lot k of each member was earned k days ago; it ends so many days after it was earned.
_LOTS = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT nextval('loyalty_transfer_id_seq') AS id, a.id AS account_id, k,
       date_trunc('day', now()) - make_interval(days => k) AS at
  FROM loyalty_account a, generate_series(1, %(lots)s) k WHERE a.role = 'member';
INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id, points, kind,
       reference, occurred_at, posted_at)
SELECT id, 'points', points_own('issued', 'points'), account_id, %(points)s, 'earn',
       'made:' || id, at, at FROM made;
INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at, available_at,
       expires_at)
SELECT account_id, id, %(points)s, %(points)s, at, at,
       at + make_interval(days => %(days)s) FROM made ORDER BY k;
UPDATE loyalty_account SET unspent = unspent + %(lots)s * %(points)s WHERE role = 'member';
"""


def make(*, members: int, lots: int, points: int, days: int | None) -> None:
    """Members with an account each, and in it so many lots that last so many days."""
    tables.empty()
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE loyalty_account, loyalty_nightlyrun RESTART IDENTITY CASCADE"
        )
        cursor.execute(
            "SELECT points_own(role, 'points') FROM unnest(%s) role", [list(ROLES)]
        )
        execute(cursor, _MEMBERS, {"members": members})
        cursor.execute("BEGIN")
        execute(cursor, _LOTS, {"lots": lots, "points": points, "days": days})
        cursor.execute("COMMIT")
        for name in LOTS:
            cursor.execute(f"VACUUM (ANALYZE) {name}")
    tables.checkpoint()


ROLES = ["issued", "redeemed", "breakage"]


def execute(cursor: Any, script: str, values: dict[str, Any]) -> None:
    """One statement at a time: parameters are bound by the server."""
    for statement in filter(str.strip, script.split(";\n")):
        cursor.execute(statement, values)
