"""An import killed without a word and started again ends as one nobody disturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from config.lib import clock
from loyalty.orders import loading
from loyalty.points import audit
from members.imports.models import ImportBatch
from tests import factories
from tests.members.imports import killed_import
from tests.members.imports.books import books, counts, waiting_tables

ROOT = Path(__file__).resolve().parents[3]
NOW = clock.parse("2026-03-01T12:00:00+00:00")
# More orders than one slice holds.
ROWS = 100_000 if killed_import.FULL else 12_000
PEOPLE = 1_800
REFUND, LINES, BAD, FUTURE = 97, 50, 1_000, 1_555  # every so many rows


def row(n: int) -> str:
    day = date(2025, 1, 1) + timedelta(days=n % 365)
    member, amount = f"m-{n % PEOPLE}", f"{n % 200 + 1}.{n % 100:02}"
    if n % BAD == 0:
        return f"o-{n},{member},{day},none,,,S{n % 9},tea,T-1"
    if n % FUTURE == 0:
        # Already past when the file is started again; not when it was first read.
        return f"o-{n},{member},2026-03-02,{amount},,,S{n % 9},tea,T-1"
    if n % REFUND == 0:
        # Of an order earlier in the file, of the same member, every other one too much.
        much = "0.01" if n % 2 else "999.00"
        return f"o-{n},m-{(n - 1) % PEOPLE},2025-12-31,{much},refund,o-{n - 1},,,"
    number = n - 1 if n % LINES == 0 else n
    if number != n:
        member = f"m-{(n - 1) % PEOPLE}"
    return f"o-{number},{member},{day},{amount},,,S{n % 9},tea,T-{n % 30}"


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(loading, "SLICE", killed_import.SLICE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    head = "order_id,member,ordered_at,amount,kind,refund_of,store,category,sku"
    path.write_text("\n".join([head, *map(row, range(1, ROWS + 1)), ""]))
    return path


def killed(path: Path, phase: str, call: int, seconds: float) -> int:
    found = connection.settings_dict
    url = f"postgres://{found['USER']}@/{found['NAME']}?host={quote(found['HOST'])}"
    arguments = [str(path), phase, str(call), str(seconds)]
    return subprocess.run(
        [sys.executable, "-m", "tests.members.imports.killed_import", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
        },
        check=False,
        capture_output=True,
    ).returncode


def clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE members_member, members_auditentry, members_importbatch,"
            " members_store, members_changedmember, loyalty_changedmonth,"
            " loyalty_transfer CASCADE"
        )
    factories.seeds()


def ledger() -> list[tuple]:
    """Every posting by whose it is, without ids of the database's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.value, t.kind, t.points, t.occurred_at, t.posted_at, t.parts::text
              FROM loyalty_transfer t
              JOIN loyalty_account a ON a.id IN (t.debit_account_id, t.credit_account_id)
              JOIN members_identifier i ON i.member_id = a.member_id
             ORDER BY 1, 4, 2, 3
            """
        )
        return list(cursor.fetchall())


def final_state(load, path: Path, *, at) -> dict:
    """What the books hold after the command ran to its end."""
    with clock.override(at):
        summary = load("orders", path, "--source", "shop")
    assert summary.code == 3
    (batch,) = ImportBatch.objects.all()
    assert waiting_tables() == []
    told = {name: summary[name] for name in ("read", "loaded", "rejected")}
    assert audit.audit().ok
    return {**books(), "ledger": ledger(), "counts": counts(batch), "told": told}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "call", "seconds", "applied"),
    [
        ("staging", 1, 0.0, False),
        ("applying", 1, 0.2, None),  # inside the transaction of a slice
        ("applying", 2, 0.0, True),
        ("applying", 4, 0.0, True),  # only the refused rows are left
    ],
    ids=str,
)
def test_an_import_killed_and_started_again_ends_as_if_undisturbed(
    transactional_db, load, file, phase, call, seconds, applied
):
    assert killed(file, phase, call, seconds) == -signal.SIGKILL
    between = ImportBatch.objects.get()
    assert between.state in ("staging", "applying")
    assert (between.loaded > 0) == (between.applied_to > 0)
    assert applied in (None, between.loaded > 0)

    resumed = final_state(load, file, at=NOW + timedelta(days=2))

    clear()
    assert resumed == final_state(load, file, at=NOW)
    assert resumed["counts"]["loaded"] + resumed["counts"]["rejected"] == ROWS
    assert len(resumed["ledger"]) > ROWS / 2


@pytest.mark.slow
def test_an_import_goes_on_after_a_crash_of_postgresql_emptied_its_staging(
    transactional_db, load, file
):
    assert killed(file, "applying", 2, 0.0) == -signal.SIGKILL
    # What the crash of a server does to unlogged tables.
    with connection.cursor() as cursor:
        waiting = waiting_tables()
        for name in waiting:
            cursor.execute(f'TRUNCATE "{name}"')
    between = ImportBatch.objects.get()
    assert (between.loaded > 0, len(waiting)) == (True, 3)

    resumed = final_state(load, file, at=NOW + timedelta(days=2))

    clear()
    assert resumed == final_state(load, file, at=NOW)
