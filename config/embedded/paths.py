"""Where the embedded services keep their data, sockets and logs."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sockaddr_un holds 108 bytes, the last of them zero.
SOCKET_PATH_LIMIT = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"
DATABASE = "tern"
ROLE = "tern"


class Unusable(Exception):
    """The checkout's state cannot be used as it is; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A system user that PostgreSQL runs as where we are root, which it refuses."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Every path of one checkout."""

    var: Path
    sockets: Path
    data: Path
    account: Account | None

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "pg"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def record(self) -> Path:
        return self.run / "services.json"

    @property
    def database_url(self) -> str:
        return f"postgres://{ROLE}@/{DATABASE}?host={self.postgres_sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}"


def layout(*, var: Path, uid: int | None = None) -> Layout:
    """This decides where things go; it makes nothing.

    As root the data go beside the checkout only if PostgreSQL's user can get there:
    no permission outside `var` is ever changed.
    """
    var = var.absolute()
    uid = os.geteuid() if uid is None else uid
    account = postgres_account(var=var) if uid == 0 else None
    closed = account is not None and not reachable(var.parent, account=account)
    apart = Path("/var/lib") / f"tern-{_digest(var)}"
    data = apart / "postgres" if closed else var / "postgres"
    sockets = var / "run"
    if closed or not fits(sockets):
        sockets = Path(tempfile.gettempdir()) / f"tern-{uid}-{_digest(var)}"
    return Layout(var=var, sockets=sockets, data=data, account=account)


def fits(sockets: Path) -> bool:
    longest = sockets / "pg" / POSTGRES_SOCKET
    return len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT


def database_url(*, var: Path) -> str:
    return layout(var=var).database_url


def redis_url(*, var: Path) -> str:
    return layout(var=var).redis_url


def prepare(places: Layout) -> None:
    """This makes the directories, each as closed as its users allow."""
    try:
        places.var.mkdir(parents=True, exist_ok=True)
        if places.account is not None:
            _open_passage(places.var)
        for directory in (places.run, places.log, places.valkey):
            directory.mkdir(exist_ok=True)
        _own(places.sockets, mode=0o711)
        _own(places.postgres_sockets, mode=0o700, account=places.account)
        if places.data.parent != places.var:
            _own(places.data.parent, mode=0o711)
    except PermissionError as error:
        owner = _owner(places.var)
        raise Unusable(
            f"{error.filename} cannot be written: {places.var} belongs to {owner}. "
            "Run as that user, or set TERN_VAR to a directory of your own."
        ) from None


def reachable(path: Path, *, account: Account) -> bool:
    """This tells whether `account` may pass through `path` and all above it."""
    return all(_passable(step, account) for step in (path, *path.parents))


def postgres_account(*, var: Path) -> Account | None:
    """This finds a system user to run PostgreSQL as, without making one.

    Data that exist already decide: changing the owner of a cluster would break it.
    """
    for data in (var / "postgres", Path("/var/lib") / f"tern-{_digest(var)}/postgres"):
        if data.exists() and data.stat().st_uid != 0:
            return _account(pwd.getpwuid(data.stat().st_uid))
    for name in ("postgres", "tern", "nobody"):
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    return None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _digest(var: Path) -> str:
    return hashlib.sha256(os.fsencode(var)).hexdigest()[:12]


def _passable(path: Path, account: Account) -> bool:
    try:
        status = path.stat()
    except FileNotFoundError:
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _open_passage(var: Path) -> None:
    mode = stat.S_IMODE(var.stat().st_mode)
    if mode & 0o011 != 0o011:
        var.chmod(mode | 0o011)


def _own(path: Path, *, mode: int, account: Account | None = None) -> None:
    """This makes a directory ours; in /tmp somebody else may have been first."""
    path.mkdir(mode=mode, exist_ok=True)
    status = path.lstat()
    expected = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (
        expected,
        os.geteuid(),
    ):
        raise Unusable(f"{path} belongs to somebody else; remove it and start again.")
    if account is not None:
        os.chown(path, account.uid, account.gid)
    if stat.S_IMODE(status.st_mode) & 0o777 & ~mode:
        path.chmod(mode)


def _owner(path: Path) -> str:
    while not path.exists():
        path = path.parent
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"
