"""Which port the web server gets, when several checkouts start at once."""

from __future__ import annotations

import errno
import socket
import sys

FIRST = 8000
LAST = 8999
LOOPBACK = "127.0.0.1"


class Taken(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken; choose another with --port, or leave it out for the "
            f"first free one from {FIRST}"
        )


class Claim:
    """A port that is ours as long as this lives.

    The server shares its port among workers (SO_REUSEPORT), so the kernel would let a
    second checkout share it too: a name in the abstract socket space of this machine
    goes with the port and vanishes with the process.
    """

    def __init__(self, port: int, holder: socket.socket | None) -> None:
        self.port = port
        self._holder = holder

    def release(self) -> None:
        if self._holder is not None:
            self._holder.close()


def claim(*, wanted: int | None = None) -> Claim:
    """This claims `wanted`, or the first free port from 8000."""
    if wanted is not None:
        claimed = _claim(wanted)
        if claimed is None:
            raise Taken(wanted)
        return claimed
    for port in range(FIRST, LAST + 1):
        claimed = _claim(port)
        if claimed is not None:
            return claimed
    raise Taken(FIRST)


def _claim(port: int) -> Claim | None:
    holder = None
    if sys.platform == "linux":
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0tern-port-{port}")
        except OSError:
            holder.close()
            return None
    if _free(port):
        return Claim(port, holder)
    if holder is not None:
        holder.close()
    return None


def _free(port: int) -> bool:
    """A browser asks `localhost` on both families; a server on either is in the way."""
    addresses = [(socket.AF_INET, LOOPBACK), (socket.AF_INET, "0.0.0.0")]  # noqa: S104 only tried
    addresses.append((socket.AF_INET6, "::1"))
    return all(_binds(family, address, port) for family, address in addresses)


def _binds(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            # Connections of the last run that are still closing are not in the way.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((address, port))
            tried.listen(1)
    except OSError as error:
        # A machine without IPv6 has nobody there.
        return family == socket.AF_INET6 and error.errno != errno.EADDRINUSE
    return True
