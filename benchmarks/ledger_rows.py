"""Books of any size, written straight into the tables; the bench audits them after use."""

from __future__ import annotations

from django.db import connection, transaction

from benchmarks import tables

ROLES = ["issued", "redeemed", "breakage"]
LOTS = (
    "loyalty_account",
    "loyalty_transfer",
    "loyalty_lot",
    "loyalty_allocation",
)

_MEMBERS = (
    """
    INSERT INTO members_member (name, name_key, language, time_zone, acquisition_channel,
           source, created_at, updated_at)
    SELECT '', '', '', '', '', 'bench', now(), now()
      FROM generate_series(1, %(members)s::bigint)
    """,
    """
    INSERT INTO loyalty_account (member_id, currency, role)
    SELECT id, 'points', 'member' FROM members_member ORDER BY id
    """,
)

# Lot k of each member was earned k days before a day, and lasts so many days.
_LOTS = (
    """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT nextval('loyalty_transfer_id_seq') AS id, a.id AS account_id, k,
           date_trunc('day', now()) - make_interval(days => %(before)s::int + k) AS at
      FROM loyalty_account a, generate_series(1, %(lots)s::int) k WHERE a.role = 'member'
    """,
    """
    INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id, points,
           kind, reference, occurred_at, posted_at)
    SELECT id, 'points', points_own('issued', 'points'), account_id, %(points)s::bigint,
           'earn', 'made:' || id, at, at FROM made
    """,
    """
    INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at,
           available_at, expires_at)
    SELECT account_id, id, %(points)s::bigint, %(points)s::bigint, at, at,
           at + make_interval(days => %(days)s::int) FROM made ORDER BY k, account_id
    """,
    """
    UPDATE loyalty_account SET unspent = unspent + %(lots)s::bigint * %(points)s::bigint
     WHERE role = 'member'
    """,
    # The keys are checked at commit, a million of them, by plans made for what is known.
    "ANALYZE members_member, loyalty_account, loyalty_transfer",
)


def make(
    *, members: int, lots: int, points: int, days: int | None, before: int = 0
) -> None:
    """Members with an account each, and in it lots that last `days` (None: for ever).

    The youngest was earned `before` days and one ago, each other a day before the last.
    """
    tables.empty()
    told = {"members": members, "lots": lots, "points": points, "days": days}
    told["before"] = before
    with connection.cursor() as cursor:
        cursor.execute(
            # Transfers have no foreign key that would take them along.
            f"TRUNCATE {', '.join(LOTS)}, loyalty_nightlyrun RESTART IDENTITY CASCADE"
        )
        cursor.execute(
            "SELECT points_own(role, 'points') FROM unnest(%s::text[]) role", [ROLES]
        )
        with transaction.atomic():
            for statement in (*_MEMBERS, *_LOTS):
                cursor.execute(statement, told)
        for name in ("members_member", *LOTS):
            cursor.execute(f"VACUUM (ANALYZE) {name}")
    tables.checkpoint()
