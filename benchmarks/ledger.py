"""The books: what one posting costs beside the least it could, and in bulk."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import fmean

from django.db import connection

from benchmarks import ledger_rows, pgbench, tables
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result
from config.lib import clock
from loyalty.points import audit, kernel, nightly

MEMBERS = 200_000
SECONDS = 8  # twice each
CLIENTS = 8
BATCH = 10_000
BATCHES = 10
# Lots a member has when all of them end in one night: a million in all.
ENDING = 5
# design.md asks for 10 M lots; loading those takes longer than the bench may. 2 M here.
HELD = 10
REDEMPTIONS = 100_000
EACH = 1_000

POSTING = 2.5  # a plain posting may be so much faster: 40 %
EARNING = 1 / 0.9
IN_BULK = 0.5
EXPIRY_SECONDS = 30
REDEMPTION_SECONDS = 60

# The least a posting can be: two accounts locked in order, checked, moved, one row.
PLAIN = (
    "DROP TABLE IF EXISTS bench_entry, bench_account",
    """
    CREATE TABLE bench_account
        (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))
        WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE bench_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        debit bigint NOT NULL, credit bigint NOT NULL, points bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now())
    """,
    """
    INSERT INTO bench_account
    SELECT n, 1000000000 FROM generate_series(1, %(members)s::bigint) n
    """,
    """
    CREATE OR REPLACE FUNCTION bench_move(p_from bigint, p_to bigint, p_points bigint)
    RETURNS bigint LANGUAGE plpgsql AS $f$ DECLARE v_id bigint; BEGIN
        PERFORM 1 FROM bench_account WHERE id IN (p_from, p_to) ORDER BY id FOR UPDATE;
        INSERT INTO bench_entry (debit, credit, points) VALUES (p_from, p_to, p_points)
        RETURNING id INTO v_id;
        UPDATE bench_account SET balance = balance - p_points WHERE id = p_from;
        UPDATE bench_account SET balance = balance + p_points WHERE id = p_to;
        RETURN v_id; END $f$
    """,
    "VACUUM (ANALYZE) bench_account",
)
# Told apart by pgbench's own arithmetic: parameters of a prepared statement carry no type,
# and to PostgreSQL an untyped 9 is a text that comes after an untyped 10.
TWO_MEMBERS = r"""
\set a random(1, :members)
\set b random(1, :members - 1)
\set b CASE WHEN :b >= :a THEN :b + 1 ELSE :b END
"""
MOVE = f"""{TWO_MEMBERS}
SELECT bench_move(:a, :b, 1);
"""
REDEEM = r"""
\set m random(1, :members)
SELECT transfer_id FROM points_debit(points_account(:m, 'points'), 1, 'redeem', 'redeemed',
    gen_random_uuid()::text, 'd', now(), now(), 1, '', '', NULL);
"""
EARN = r"""
\set m random(1, :members)
SELECT transfer_id FROM points_credit('points', 'issued', 'earn', ARRAY[:m]::bigint[],
    ARRAY[10]::bigint[], ARRAY[gen_random_uuid()::text], ARRAY['d'], ARRAY[now()],
    ARRAY[now() + interval '14 days'], ARRAY[now() + interval '1 year'], ARRAY[false], ARRAY[1],
    ARRAY[NULL]::jsonb[], '', '', now());
"""
# The same with no account of the programme in common: one of a thousand, never met again.
EARN_APART = EARN.replace("'issued'", "'own' || :r").replace(
    r"\set m", "\\set r random(1, 1000)\n\\set m", 1
)
GIVE = f"""{TWO_MEMBERS}
SELECT transfer_id FROM points_transfer(:a, :b, 'points', 1, gen_random_uuid()::text, 'd', now(),
    '', '');
"""
CREDIT_MANY = """
SELECT count(*) FROM points_credit('points', 'issued', 'earn', %(members)s::bigint[],
    array_fill(10::bigint, ARRAY[%(n)s]), %(references)s, array_fill('d'::text, ARRAY[%(n)s]),
    array_fill(now(), ARRAY[%(n)s]), array_fill(now(), ARRAY[%(n)s]),
    array_fill(now() + interval '1 year', ARRAY[%(n)s]), array_fill(false, ARRAY[%(n)s]),
    array_fill(1, ARRAY[%(n)s]), array_fill(NULL::jsonb, ARRAY[%(n)s]), '', '', now())
"""
DEBIT_MANY = """
SELECT count(*) FILTER (WHERE refused IS NULL) AS done FROM points_debit_many('points',
    'redeemed', 'redeem', %(members)s::bigint[], array_fill(150::bigint, ARRAY[%(n)s]),
    %(references)s, array_fill('d'::text, ARRAY[%(n)s]), array_fill(now(), ARRAY[%(n)s]),
    array_fill(NULL::timestamptz, ARRAY[%(n)s]), array_fill(1, ARRAY[%(n)s]), '', '', now())
"""


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = max(20, int(MEMBERS * share))
    say(f"books of {members:,} members")
    ledger_rows.make(members=members, lots=1, points=1_000_000_000, days=None)
    figures = [
        *_online(
            cluster, members=members, seconds=max(1, int(SECONDS * share)), say=say
        ),
        *_expiry(members, say=say),
        *_redemptions(members, count=max(20, int(REDEMPTIONS * share)), say=say),
    ]
    tables.empty()
    sizes = {"members": members, "lots that end": members * ENDING}
    sizes |= {"lots spent from": members * HELD}
    return Result(
        bench="ledger",
        title="postings of points, one by one and in bulk",
        sizes=sizes,
        figures=tuple(figures),
    )


SCRIPTS = {
    "plain": MOVE,
    "redeem": REDEEM,
    "earn": EARN,
    "earn apart": EARN_APART,
    "give": GIVE,
}


def _online(
    cluster: Cluster, *, members: int, seconds: int, say: Callable[[str], None]
) -> list[Figure]:
    with connection.cursor() as cursor:
        for statement in PLAIN:
            cursor.execute(statement, {"members": members})
    rounds: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    # Once in this order and once back: a machine that slows down bends no ratio.
    for name in (*SCRIPTS, *reversed(SCRIPTS)):
        say(f"{name}, {CLIENTS} clients, {seconds} s")
        tables.checkpoint()
        found = pgbench.transactions(
            SCRIPTS[name],
            cluster=cluster,
            clients=CLIENTS,
            seconds=seconds,
            members=members,
        )
        rounds[name].append(found)
        # Told at once: what follows takes minutes, and a run may be cut off.
        say(f"{name}: {found:,.0f} /s")
    tps = {name: fmean(found) for name, found in rounds.items()}
    say(f"batches of {min(BATCH, members):,}")
    in_bulk = _batches(members)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_entry, bench_account")
    return _ratios(tps, in_bulk)


def _ratios(tps: dict[str, float], in_bulk: float) -> list[Figure]:
    return [
        Figure(
            what="plain posting", value=tps["plain"], unit="/s", note="two accounts"
        ),
        Figure(what="redemption", value=tps["redeem"], unit="/s"),
        Figure(
            what="plain / redemption",
            value=tps["plain"] / tps["redeem"],
            unit="×",
            hold=POSTING,
        ),
        Figure(what="earning", value=tps["earn"], unit="/s"),
        Figure(what="member to member", value=tps["give"], unit="/s"),
        Figure(
            what="member to member / earning",
            value=tps["give"] / tps["earn"],
            unit="×",
            hold=EARNING,
            note="no hot row",
        ),
        Figure(
            what="earning apart / earning",
            value=tps["earn apart"] / tps["earn"],
            unit="×",
            hold=EARNING,
            note="from a thousand accounts of the programme",
        ),
        Figure(what="credits in batches", value=in_bulk, unit="/s"),
        Figure(
            what="single / batch",
            value=tps["earn"] / in_bulk,
            unit="×",
            hold=IN_BULK,
        ),
    ]


def _batches(members: int) -> float:
    """Credits a second; each batch is of other members, in a transaction of its own."""
    size = min(BATCH, members)
    started = time.perf_counter()
    for batch in range(BATCHES):
        first = batch * size % members
        told = [(first + n) % members + 1 for n in range(size)]
        references = [f"bulk:{batch}:{n}" for n in range(size)]
        kernel.run(CREDIT_MANY, {"members": told, "references": references, "n": size})
    return BATCHES * size / (time.perf_counter() - started)


def _expiry(members: int, *, say: Callable[[str], None]) -> list[Figure]:
    lots = members * ENDING
    say(f"{lots:,} lots end")
    ledger_rows.make(members=members, lots=ENDING, points=10, days=30, before=30)
    started = time.perf_counter()
    nightly.catch_up(now=clock.now())
    seconds = time.perf_counter() - started
    say(f"expiry: {seconds:,.1f} s; audit, and COPY of the transfers it wrote")
    checked = audit.audit()
    rows = _copied(lots)
    return [
        Figure(what="expiry", value=seconds, unit="s", hold=EXPIRY_SECONDS),
        Figure(
            what="expiry: rows of transfers and allocations",
            value=2 * lots / seconds,
            unit="/s",
            note=f"COPY of the transfers writes {rows:,.0f} a second",
        ),
        Figure(
            what="audit_ledger",
            value=checked.seconds,
            unit="s",
            note=f"{checked.counts['transfers']:,} transfers",
        ),
        _wrong("wrong rows", checked),
    ]


def _copied(lots: int) -> float:
    """Rows a second that COPY writes into a table like that of transfers."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_copy")
        cursor.execute(
            "CREATE TABLE bench_copy (LIKE loyalty_transfer INCLUDING INDEXES"
            " INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        with cursor.copy(
            "COPY (SELECT * FROM loyalty_transfer WHERE kind = 'expire') TO STDOUT"
        ) as stream:
            text = b"".join(bytes(piece) for piece in stream)
        started = time.perf_counter()
        with cursor.copy("COPY bench_copy FROM STDIN") as stream:
            stream.write(text)
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_copy")
    return lots / seconds


def _redemptions(
    members: int, *, count: int, say: Callable[[str], None]
) -> list[Figure]:
    say(f"{count:,} redemptions over {members * HELD:,} lots")
    ledger_rows.make(members=members, lots=HELD, points=100, days=365)
    started = time.perf_counter()
    done = 0
    for first in range(0, count, EACH):
        size = min(EACH, count - first)
        told = [(first + n) % members + 1 for n in range(size)]
        references = [f"bulk-redeem:{first + n}" for n in range(size)]
        row = kernel.run(
            DEBIT_MANY, {"members": told, "references": references, "n": size}
        )[0]
        done += row["done"]
    seconds = time.perf_counter() - started
    return [
        Figure(
            what=f"{count:,} redemptions in bulk",
            value=seconds,
            unit="s",
            hold=REDEMPTION_SECONDS,
        ),
        Figure(what="redemptions in bulk", value=count / seconds, unit="/s"),
        Figure(what="redemptions refused", value=count - done, hold=0),
        _wrong("wrong rows after redemptions", audit.audit()),
    ]


def _wrong(what: str, checked: audit.Audit) -> Figure:
    rules = ", ".join(rule.name for rule in checked.broken)
    count = sum(rule.count for rule in checked.broken) + checked.rebuild_differs
    return Figure(what=what, value=count, hold=0, note=rules or "audit_ledger")
