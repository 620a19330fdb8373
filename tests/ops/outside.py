"""A PostgreSQL and a Valkey that are not ours: on loopback TCP, behind passwords."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis

from config.embedded import paths, postgres, valkey
from tests.ops import running

PASSWORD = "p@ss/word:1"
QUOTED = "p%40ss%2Fword%3A1"


@contextlib.contextmanager
def services(home: Path) -> Iterator[dict[str, str]]:
    """This yields what to set in the environment for them."""
    database, broker = _free_port(), _free_port()
    started = [_postgres(home / "pg", database), _valkey(home / "kv", broker)]
    try:
        assert running.eventually(lambda: _answers(database, broker))
        with _connect(database) as connection:
            connection.execute("create database tern")
        yield {
            "DATABASE_URL": f"postgres://boss:{QUOTED}@127.0.0.1:{database}/tern",
            "REDIS_URL": f"redis://:{QUOTED}@127.0.0.1:{broker}/0",
        }
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=running.PATIENCE)


def _postgres(home: Path, port: int) -> subprocess.Popen[bytes]:
    places = paths.layout(var=home)
    paths.prepare(places)
    secret = home / "secret"
    secret.write_text(PASSWORD)
    as_user = postgres.identity(places.account)
    places.data.mkdir(mode=0o700)
    if places.account is not None:
        for path in (secret, places.data):
            os.chown(path, places.account.uid, places.account.gid)
    binaries = postgres.binaries(places)
    subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={places.data}",
            "--username=boss",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd="/",
        **as_user,
    )
    options = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
    words = [word for option in options for word in ("-c", option)]
    return subprocess.Popen(
        [binaries / "postgres", "-D", places.data, "-p", str(port), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **as_user,
    )


def _valkey(home: Path, port: int) -> subprocess.Popen[bytes]:
    home.mkdir()
    words = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", PASSWORD]
    return subprocess.Popen(
        [valkey.binary(), *words, "--save", "", "--dir", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _answers(database: int, broker: int) -> bool:
    try:
        with (
            _connect(database),
            redis.Redis(host="127.0.0.1", port=broker, password=PASSWORD) as client,
        ):
            return bool(client.ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def _connect(port: int) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user="boss",
        password=PASSWORD,
        dbname="postgres",
        autocommit=True,
    )


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
