"""PostgreSQL dies under a stream of postings; the books end as if it had not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import services

ROOT = Path(__file__).resolve().parents[3]
WORKERS, COUNT, MEMBERS = 4, 400, 40
AUDIT = "from loyalty.points import audit; import sys; sys.exit(not audit.audit().ok)"

# What each member has, and what was posted under which name; ids are not the same twice.
BOOKS = """
SELECT a.member_id, a.unspent, a.held, a.debt,
       (SELECT array_agg((l.points, l.remaining, l.expires_at)::text ORDER BY l.earned_at, l.id)
          FROM loyalty_lot l WHERE l.account_id = a.id)::text
  FROM loyalty_account a WHERE a.role = 'member' ORDER BY a.member_id
"""
POSTED = """
SELECT t.kind, CASE WHEN t.kind = 'expire' THEN '' ELSE t.reference END, t.points,
       t.occurred_at, t.posted_at
  FROM loyalty_transfer t ORDER BY 1, 2, 3, 4, 5
"""


@pytest.fixture
def database():
    running = services.Killable()
    yield running
    running.stop()


def _python(url: str, *words: str, **options) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, text=True, **options
    )


def _fresh(url: str) -> None:
    """An empty product with forty members, the same ones every time."""
    assert _python(url, "manage.py", "migrate", "--verbosity=0").wait() == 0
    with psycopg.connect(url) as held:
        held.execute(
            "INSERT INTO members_member (id, name, name_key, language, time_zone,"
            " acquisition_channel, source, created_at, updated_at)"
            " OVERRIDING SYSTEM VALUE"
            " SELECT n, '', '', '', '', '', '', now(), now() FROM generate_series(1, %s) n",
            [MEMBERS],
        )


def _streams(url: str, first: list[int]) -> list[subprocess.Popen[str]]:
    module = "tests.loyalty.points.killed_postings"
    return [
        _python(
            url,
            "-m",
            module,
            str(worker),
            str(COUNT),
            str(first[worker]),
            stdout=subprocess.PIPE,
        )
        for worker in range(WORKERS)
    ]


def _confirmed(streams: list[subprocess.Popen[str]], first: list[int]) -> list[int]:
    """How many operations each stream was told are done, when all have ended."""
    found = []
    for worker, stream in enumerate(streams):
        lines = stream.communicate()[0].split()
        assert stream.returncode == 0
        found.append(int(lines[-1]) + 1 if lines else first[worker])
    return found


def _books(url: str) -> tuple[list, list]:
    with psycopg.connect(url) as held:
        return held.execute(BOOKS).fetchall(), held.execute(POSTED).fetchall()


@pytest.mark.slow
def test_books_after_kills_of_postgresql_equal_an_undisturbed_run(database, tmp_path):
    undisturbed = services.Killable()
    try:
        _fresh(undisturbed.url)
        done = _confirmed(_streams(undisturbed.url, [0] * WORKERS), [0] * WORKERS)
        assert done == [COUNT] * WORKERS
        expected = _books(undisturbed.url)
    finally:
        undisturbed.stop()
    _fresh(database.url)

    done, kills = [0] * WORKERS, 0
    while done != [COUNT] * WORKERS:
        streams = _streams(database.url, done)
        if kills < 3:
            _wait_for_some(database.url)
            database.kill()
            kills += 1
            done = _confirmed(streams, done)
            database.start()
        else:
            done = _confirmed(streams, done)

    assert kills == 3
    assert _books(database.url) == expected
    assert (
        _python(database.url, "-c", f"import django; django.setup(); {AUDIT}").wait()
        == 0
    )


def _wait_for_some(url: str) -> None:
    """Until a hundred operations more are posted: the middle of the streams."""
    with psycopg.connect(url, autocommit=True) as held:
        start = _posted(held)
        deadline = time.monotonic() + 60
        while _posted(held) < start + 100:
            assert time.monotonic() < deadline, "the streams post nothing"
            time.sleep(0.01)


def _posted(held: psycopg.Connection) -> int:
    row = held.execute("SELECT count(*) FROM loyalty_transfer").fetchone()
    assert row is not None
    return int(row[0])
