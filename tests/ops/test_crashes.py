"""What happens when something dies that nobody asked to."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from config.embedded import paths, postgres
from tests.ops import running
from tests.ops.running import Up

pytestmark = pytest.mark.slow

CHILDREN = ("postgres", "valkey", "web", "worker", "beat")


@pytest.mark.parametrize("name", CHILDREN)
def test_killed_child_is_named_and_brought_back(up, name):
    before = up.child(name)
    os.kill(before, signal.SIGKILL)

    up.says(rf"{name} was ended by SIGKILL; starting it again \(\d of 4\)")
    up.says(rf"{name} is back")

    # A child is known by its words, and has ours until it has started its own program.
    assert running.eventually(lambda: up.child(name) not in (None, before))
    assert up.process.poll() is None
    # Clients notice a lost connection at their next question and open another.
    assert running.eventually(lambda: up.get("/readyz")[0] == 200)


def test_child_that_never_comes_up_ends_up_with_its_log(var):
    for manifest in (var / "valkey").rglob("*.manifest"):
        manifest.write_text("this is no manifest\n")

    up = Up(var)

    assert up.end() == 1
    assert re.search(
        r"valkey ended with status 1, 3 times in a row; giving up", up.text
    )
    assert f"the end of {var}/log/valkey.log" in up.text
    assert "manifest" in up.text.rpartition("valkey.log")[2]
    assert running.processes(var) == {}


def test_killed_supervisor_leaves_nothing_and_the_next_start_is_whole(var):
    up = Up(var).ready()

    os.kill(up.pid, signal.SIGKILL)

    assert up.end() == -signal.SIGKILL
    assert running.eventually(lambda: not running.processes(var))
    again = Up(var, "--port", str(up.port)).ready()
    assert again.get("/readyz")[0] == 200

    # Without its guard the kernel's signal to each child has to do.
    os.kill(again.child("guard"), signal.SIGKILL)
    os.kill(again.pid, signal.SIGKILL)

    assert again.end() == -signal.SIGKILL
    assert running.eventually(lambda: not running.processes(var))


def test_postgres_left_over_on_the_data_is_stopped_at_the_next_start(var):
    places = paths.layout(var=var)
    paths.prepare(places)
    left = subprocess.Popen(
        postgres.command(places),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **postgres.identity(places.account),
    )
    assert running.eventually(lambda: postgres.ready(places))

    done = running.manage(var, "metric", "orders")

    assert done.returncode == 0, done.stderr
    assert f"stopped a PostgreSQL left over from an earlier run ({left.pid})" in (
        done.stderr
    )
    assert left.wait(timeout=running.PATIENCE) == 0
    assert running.processes(var) == {}


def test_pid_file_of_a_stranger_is_no_reason_to_end_it(var):
    (var / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{var}\n")

    done = running.manage(var, "metric", "orders")

    assert done.returncode == 0, done.stderr
    assert "left over" not in done.stderr
