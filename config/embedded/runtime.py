"""The services of a checkout: shared by whoever needs them, started by the first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from types import FrameType

from config.embedded import accounts, lock, paths, postgres, valkey
from config.embedded.paths import Layout, Unusable
from config.embedded.supervisor import Service, Supervisor
from config.lib import env

WAIT_SECONDS = 0.1
JOIN_SECONDS = 120.0
# These touch neither database nor broker, or bring their own.
ALONE = frozenset(
    (
        "up",
        "help",
        "version",
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "makemessages",
        "startapp",
        "startproject",
    )
)


def needs_services(argv: list[str]) -> bool:
    """This tells whether a command line of manage.py works on the database."""
    words = argv[1:]
    asks_help = not words or words[0].startswith("-") or {"-h", "--help"} & set(words)
    return not asks_help and words[0] not in ALONE


def open_layout(*, var: Path, say: Callable[[str], None]) -> Layout:
    accounts.provide(say=say)
    places = paths.layout(var=var)
    paths.prepare(places)
    return places


@contextlib.contextmanager
def services(environ: MutableMapping[str, str], *, base_dir: Path) -> Iterator[None]:
    """This holds PostgreSQL and Valkey up and their addresses in the environment.

    It joins those that run for this checkout, or starts them and stops them after.
    Services that the environment names already are left alone.
    """
    if environ.get("DATABASE_URL") and environ.get("REDIS_URL"):
        yield
        return
    places = open_layout(var=env.variable_dir(environ, base_dir=base_dir), say=_say)
    with _owning(places) as owned, contextlib.ExitStack() as stack:
        if owned:
            stack.enter_context(_started(places, environ))
        else:
            stack.enter_context(_joined(places))
        stack.enter_context(_addressed(places, environ))
        yield


def service_list(places: Layout, environ: MutableMapping[str, str]) -> list[Service]:
    """This is what has to be started, given what the environment names."""
    wanted = []
    if not environ.get("DATABASE_URL"):
        wanted.append(postgres_service(places))
    if not environ.get("REDIS_URL"):
        wanted.append(valkey_service(places))
    return wanted


def postgres_service(places: Layout) -> Service:
    return Service(
        name="postgres",
        command=lambda: postgres.command(places),
        ready=lambda: postgres.ready(places),
        before=lambda: postgres.settle(places),
        # Fast shutdown; SIGTERM would wait for every client to leave.
        stop_signal=signal.SIGINT,
        grace_seconds=30,
        # Recovery after a crash replays the log and may take its time.
        patience_seconds=600,
        account=places.account,
        shown=False,
    )


def valkey_service(places: Layout) -> Service:
    return Service(
        name="valkey",
        command=lambda: valkey.command(places),
        ready=lambda: valkey.ready(places),
        patience_seconds=600,
        shown=False,
    )


def start(
    supervisor: Supervisor, places: Layout, environ: MutableMapping[str, str]
) -> None:
    """This starts what is wanted; the lock of the checkout must be held."""
    for service in service_list(places, environ):
        if service.name == "postgres":
            postgres.initialise(places)
        supervisor.start(service)
        if service.name == "postgres":
            postgres.create_database(places)


def addresses(places: Layout, environ: MutableMapping[str, str]) -> dict[str, str]:
    return {
        "DATABASE_URL": environ.get("DATABASE_URL") or places.database_url,
        "REDIS_URL": environ.get("REDIS_URL") or places.redis_url,
    }


@contextlib.contextmanager
def _owning(places: Layout) -> Iterator[bool]:
    """This becomes the owner if there is none, or else waits for one to be ready."""
    mine = lock.owner(places)
    deadline = time.monotonic() + JOIN_SECONDS
    while not (owned := mine.acquire()):
        with lock.visiting(places) as found:
            if found is not None:
                yield False
                return
        if time.monotonic() > deadline:
            raise Unusable(
                f"Another process holds {places.run}/owner.lock but does not get ready."
            )
        time.sleep(WAIT_SECONDS)
    try:
        lock.withdraw(places)
        yield owned
    finally:
        mine.release()


@contextlib.contextmanager
def _joined(places: Layout) -> Iterator[None]:
    if not postgres.ready(places):
        raise Unusable("The running services of this checkout do not answer.")
    yield


@contextlib.contextmanager
def _started(places: Layout, environ: MutableMapping[str, str]) -> Iterator[None]:
    supervisor = Supervisor(logs=places.log, say=_say)
    with supervisor, _ended_by_sigterm():
        start(supervisor, places, environ)
        told = addresses(places, environ)
        lock.announce(
            places,
            lock.Running(
                pid=os.getpid(),
                kind="command",
                database_url=told["DATABASE_URL"],
                redis_url=told["REDIS_URL"],
            ),
        )
        try:
            yield
        finally:
            lock.withdraw(places)
            last = lock.guests(places)
            last.acquire(wait=True)
            supervisor.stop()
            last.release()


@contextlib.contextmanager
def _addressed(places: Layout, environ: MutableMapping[str, str]) -> Iterator[None]:
    before = dict(environ)
    environ.update(addresses(places, environ))
    try:
        yield
    finally:
        for name in ("DATABASE_URL", "REDIS_URL"):
            if name in before:
                environ[name] = before[name]
            else:
                environ.pop(name, None)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM must unwind, or the services would be killed instead of stopped."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(text: str) -> None:
    print(f"tern: {text}", file=sys.stderr)
