"""A PostgreSQL of the benches' own, tuned as the product tunes it, fsync and all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded import accounts, paths, postgres
from config.embedded.paths import Layout
from config.embedded.processes import kill_group, spawn

READY_SECONDS = 60.0
STOP_SECONDS = 60.0


class NotReady(RuntimeError):
    pass


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`home` is a directory for files of benches; it goes with the cluster."""

    home: Path
    places: Layout

    @property
    def url(self) -> str:
        return self.places.database_url


@contextmanager
def running() -> Iterator[Cluster]:
    accounts.provide(say=print)
    home = Path(tempfile.mkdtemp(prefix="tern-bench-"))
    # PostgreSQL refuses root: its own user must be able to pass.
    home.chmod(0o711)
    places = paths.layout(var=home / "var")
    paths.prepare(places)
    postgres.initialise(places)
    process = _start(places, home / "postgres.log")
    try:
        postgres.create_database(places)
        yield Cluster(home=home, places=places)
    finally:
        _stop(process)
        shutil.rmtree(home, ignore_errors=True)
        for leftover in (places.sockets, places.data):
            shutil.rmtree(leftover, ignore_errors=True)


def _start(places: Layout, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        process = spawn(
            postgres.command(places, settings=("tern.may_empty_books=yes",)),
            output=output,
            stop_signal=signal.SIGQUIT,
            account=places.account,
        )
    deadline = time.monotonic() + READY_SECONDS
    while not postgres.ready(places):
        if process.poll() is not None or time.monotonic() > deadline:
            kill_group(process.pid)
            raise NotReady(log.read_text())
        time.sleep(0.05)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            process.wait()
