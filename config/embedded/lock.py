"""One owner of a checkout's services at a time, and its guests."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded.paths import Layout


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the owner tells those who come to share its services."""

    pid: int
    kind: str
    database_url: str
    redis_url: str
    address: str | None = None


class FileLock:
    """This is held until released or until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, mode if wait else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def owner(places: Layout) -> FileLock:
    return FileLock(places.run / "owner.lock")


def guests(places: Layout) -> FileLock:
    """Guests share it; an owner that is a command waits for it before it stops."""
    return FileLock(places.run / "guests.lock")


def announce(places: Layout, running: Running) -> None:
    """The addresses may hold a password, so nobody else reads them."""
    draft = places.record.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(running), file)
    draft.replace(places.record)


def withdraw(places: Layout) -> None:
    places.record.unlink(missing_ok=True)


def running(places: Layout) -> Running | None:
    try:
        return Running(**json.loads(places.record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextlib.contextmanager
def visiting(places: Layout) -> Iterator[Running | None]:
    """This holds the services of another owner up while they are used."""
    lock = guests(places)
    found = running(places) if lock.acquire(shared=True) else None
    try:
        yield found
    finally:
        lock.release()
