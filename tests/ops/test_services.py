"""Where commands find PostgreSQL and Valkey."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import pytest

from config.embedded import paths, postgres
from tests.ops import outside, running
from tests.ops.running import Up

pytestmark = pytest.mark.slow


def test_command_alone_starts_the_services_and_stops_them_after(var):
    done = running.manage(var, "metric", "orders")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["value"] == 0
    assert (var / "log" / "postgres.log").exists()
    assert running.processes(var) == {}
    assert not paths.layout(var=var).record.exists()


def test_sockets_move_where_the_path_is_too_long_for_them(first_run):
    with running.scratch() as home:
        deep = running.copy(first_run.var, home / ("d" * 100) / "var")
        places = paths.layout(var=deep)

        done = running.manage(deep, "metric", "orders")

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["value"] == 0
        assert places.sockets.parent == Path(tempfile.gettempdir())
        assert len(os.fsencode(places.postgres_sockets / ".s.PGSQL.5432")) <= 107
        shutil.rmtree(places.sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_data_lie_apart_where_the_way_to_them_is_closed(request):
    with running.scratch() as home:
        closed = home / "closed"
        closed.mkdir(mode=0o700)
        places = paths.layout(var=closed / "var")
        apart = places.data.parent
        for place in (apart, places.sockets):
            request.addfinalizer(partial(shutil.rmtree, place, ignore_errors=True))

        done = running.manage(closed / "var", "migrate", "--check")

        assert apart.parent == Path("/var/lib")
        # Nothing is migrated yet, which only a database that answers can say.
        assert done.returncode == 1, done.stderr
        assert "does not answer" not in done.stderr
        assert (apart / "postgres" / "PG_VERSION").exists()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert running.processes(closed) == {}


def test_copied_programs_find_their_libraries(tmp_path):
    source = postgres.installation()

    copy = postgres.copied(source, tmp_path / "programs")

    asked = [copy / "bin" / "initdb", "--version"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("initdb (PostgreSQL) 18.")
    assert postgres.copied(source, tmp_path / "programs") == copy


def test_given_services_are_used_and_none_is_embedded():
    with running.scratch() as home, outside.services(home) as told:
        up = Up(home / "var", env=told).ready()
        here = up.get("/readyz")
        done = running.manage(home / "var", "metric", "orders", env=told)

        assert here[0] == 200
        assert json.loads(done.stdout)["value"] == 0
        assert up.child("postgres") is up.child("valkey") is None
        assert not (home / "var" / "postgres").exists()
        # The record may hold a password.
        assert (home / "var" / "run" / "services.json").stat().st_mode & 0o077 == 0
        assert up.press_ctrl_c() == 0
        assert outside.PASSWORD not in up.text


def test_database_that_does_not_answer_ends_up_and_is_named(var):
    up = Up(var, env={"DATABASE_URL": "postgres://tern:s3cret-word@127.0.0.1:1/tern"})

    assert up.end() == 1
    assert re.search(r"tern: the database does not answer: .*127\.0\.0\.1", up.text)
    assert "Traceback" not in up.text
    assert "s3cret-word" not in up.text
    assert running.processes(var) == {}


@pytest.mark.parametrize("command", ["demo", "apply_programme"])
def test_command_on_a_database_without_tables_says_what_makes_them(command):
    with running.scratch() as home:
        done = running.manage(home / "var", command)

    assert done.returncode == 2
    assert "./bin/manage migrate" in done.stderr
    assert "Traceback" not in done.stderr
