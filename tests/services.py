"""Throw-away PostgreSQL and Valkey for one test session."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config.embedded import accounts, paths, postgres, valkey
from config.embedded.paths import Layout
from config.embedded.processes import kill_group, spawn
from config.lib import env

READY_SECONDS = 60.0
# Nothing of it is kept: a crash may cost the whole cluster.
RECKLESS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=60",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "autovacuum_naptime=10min",
    "tern.may_empty_books=yes",
)


class NotReady(RuntimeError):
    pass


def start_postgres(tmp: Path | None = None) -> tuple[str, Callable[[], None]]:
    """This returns the DATABASE_URL of a fresh cluster and what ends and removes it."""
    home, places = _places(tmp)
    postgres.initialise(places)
    process = _start(
        postgres.command(places, settings=RECKLESS),
        places=places,
        log=home / "postgres.log",
        ready=lambda: postgres.ready(places),
    )
    postgres.create_database(places)
    return places.database_url, _ending(process, signal.SIGINT, home, places)


class Killable:
    """A PostgreSQL that keeps what it confirmed, to be ended by `kill -9` and started again."""

    def __init__(self) -> None:
        self._home, self._places = _places(None)
        postgres.initialise(self._places)
        self.start()
        postgres.create_database(self._places)
        self.url = self._places.database_url

    def start(self) -> None:
        self._process = _start(
            postgres.command(self._places, settings=("shared_buffers=128MB",)),
            places=self._places,
            log=self._home / "postgres.log",
            ready=lambda: postgres.ready(self._places),
        )

    def kill(self) -> None:
        """The postmaster and all of its children, without a word."""
        kill_group(self._process.pid)
        self._process.wait()

    def stop(self) -> None:
        _ending(self._process, signal.SIGINT, self._home, self._places)()


def start_valkey(tmp: Path | None = None) -> tuple[str, Callable[[], None]]:
    """This returns the REDIS_URL of an empty Valkey and what ends and removes it."""
    home, places = _places(tmp)
    process = _start(
        valkey.command(places),
        places=None,
        log=home / "valkey.log",
        ready=lambda: valkey.ready(places),
    )
    return places.redis_url, _ending(process, signal.SIGTERM, home, places)


def django_settings(url: str) -> dict[str, Any]:
    """This is what settings.DATABASES["default"] takes from the address."""
    return env.database_settings(url)


def _places(tmp: Path | None) -> tuple[Path, Layout]:
    """A directory that PostgreSQL's user may enter: pytest's own are closed to it."""
    accounts.provide(say=print)
    home = Path(tempfile.mkdtemp(prefix="tern-services-", dir=tmp))
    home.chmod(0o711)
    if tmp is not None and paths.layout(var=home / "var").data.parent != home / "var":
        home.rmdir()
        return _places(None)
    places = paths.layout(var=home / "var")
    paths.prepare(places)
    return home, places


def _start(
    words: Sequence[str],
    *,
    places: Layout | None,
    log: Path,
    ready: Callable[[], bool],
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        process = spawn(
            words,
            output=output,
            stop_signal=signal.SIGQUIT if places else signal.SIGTERM,
            account=places.account if places else None,
        )
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            kill_group(process.pid)
            raise NotReady(log.read_text())
        time.sleep(0.05)
    return process


def _ending(
    process: subprocess.Popen[bytes],
    stop_signal: signal.Signals,
    home: Path,
    places: Layout,
) -> Callable[[], None]:
    def stop() -> None:
        if process.poll() is None:
            os.kill(process.pid, stop_signal)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                kill_group(process.pid)
                process.wait()
        shutil.rmtree(home, ignore_errors=True)
        if places.sockets.is_dir():
            shutil.rmtree(places.sockets, ignore_errors=True)

    return stop
