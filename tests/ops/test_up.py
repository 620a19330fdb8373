"""`manage.py up` end to end, with processes as real as in a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.ops import running
from tests.ops.running import MARKS, Up

pytestmark = pytest.mark.slow


def test_first_start_prints_the_address_and_serves(first_run):
    assert re.search(r"making the database in .*/var/postgres", first_run.text)
    assert re.search(r"ready at http://localhost:8\d{3}\n", first_run.text)
    assert first_run.alive == (200, '{"alive": true}')
    assert first_run.ready[0] == 200
    assert json.loads(first_run.ready[1])["failing"] == []


def test_first_start_runs_every_process_it_speaks_of(first_run):
    running_ = "\n".join(first_run.worked.values())

    assert [name for name, mark in MARKS.items() if mark not in running_] == []


def test_ctrl_c_ends_everything_with_status_0(first_run):
    assert first_run.text.splitlines()[-1].startswith(("tern ", "worker "))
    assert "stopping" in first_run.text
    assert first_run.status == 0
    assert first_run.left == {}


def test_second_start_makes_nothing_anew(up):
    assert "making the database" not in up.text
    assert "migrating" not in up.text
    assert up.get("/readyz")[0] == 200


def test_it_listens_on_loopback_only(up):
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1][-4:], 16) == up.port
    ]

    assert set(listening) == {f"0100007F:{up.port:04X}"}


def test_second_up_of_a_checkout_is_refused_with_the_address_of_the_first(up):
    done = running.manage(up.var, "up", "--no-demo")

    assert done.returncode == 2
    assert done.stderr == (
        f"tern: this checkout runs already, at http://localhost:{up.port} "
        f"(process {up.pid})\n"
    )
    assert up.get("/healthz")[0] == 200


def test_command_joins_the_running_services(up):
    before = running.processes(up.var)

    done = running.manage(up.var, "metric", "orders")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["value"] == 0
    assert up.child("postgres") in before
    assert not (up.var / "log" / "postgres.log.1").exists()
    assert up.get("/readyz")[0] == 200


@pytest.mark.parametrize("holder", ["tern", "stranger"])
def test_port_that_is_taken_is_named_with_status_2(up, holder, tmp_path):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = up.port if holder == "tern" else stranger.getsockname()[1]

        with running.scratch() as home:
            done = running.manage(home / "var", "up", "--port", str(port))

            assert running.processes(home) == {}

    assert done.returncode == 2
    assert done.stderr.endswith(
        f"tern: port {port} is taken; choose another with --port, or leave it out for "
        "the first free one from 8000\n"
    )


def test_two_installations_run_beside_each_other(up, var):
    other = Up(var).ready()

    assert other.port != up.port
    assert other.get("/readyz")[0] == up.get("/readyz")[0] == 200
    assert other.child("postgres") != up.child("postgres")

    os.kill(other.pid, signal.SIGTERM)
    assert other.end() == 0
    assert running.processes(var) == {}
    assert up.get("/readyz")[0] == 200


def test_request_is_logged_as_json_with_an_id_and_without_its_query(up):
    up.get("/accounts/password/reset/?email=dora@example.com")

    entry = running.eventually(lambda: _logged(up, "GET /accounts/password/reset/"))
    assert entry["event"] == "request_finished"
    assert entry["code"] == 200
    assert len(entry["request_id"]) == 36
    assert "dora" not in (up.var / "log" / "web.log").read_text()


def test_meters_count_the_requests_of_every_web_process(up):
    asked = 5
    before = _counted(up)

    for _ in range(asked):
        up.get("/accounts/login/")

    assert _counted(up) == before + asked


def _logged(up, request):
    for line in (up.var / "log" / "web.log").read_text().splitlines():
        entry = json.loads(line)
        if entry.get("request") == request:
            return entry
    return None


def _counted(up):
    status, text = up.get("/metrics")
    assert status == 200
    found = re.search(
        r'tern_http_requests_total\{method="GET",status="200",view="account_login"\} '
        r"([\d.]+)",
        text,
    )
    return float(found[1]) if found else 0.0
