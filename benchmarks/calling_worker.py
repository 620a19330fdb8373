"""Clients of the API: so many connections, each one request after another.

In a process of its own, so that it takes no turns of the interpreter that serves; and
on bare sockets, because on two cores whatever the clients take the server lacks.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from benchmarks import workers

TIMEOUT = 60.0
END_OF_HEAD = b"\r\n\r\n"
PREFIX = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    body: dict[str, Any] | None = None


@dataclass(kw_only=True)
class Client:
    """One connection; what it was answered and how long each answer took."""

    port: int
    secret: str
    kinds: list[str]
    members: int
    seed: int
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    fault: str = ""

    def run(self, until: float) -> None:
        try:
            self._run(until)
        except OSError as error:
            self.fault = repr(error)

    def _run(self, until: float) -> None:
        dice = random.Random(self.seed)
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, kind in enumerate(cycle(self.kinds)):
                # Each kind at least once, however short the time.
                if number >= len(self.kinds) and time.perf_counter() >= until:
                    break
                asked = self._written(kind, dice)
                started = time.perf_counter()
                line.sendall(asked)
                status = _answered(line)
                self.took.append(time.perf_counter() - started)
                self.statuses[status] += 1

    def _written(self, kind: str, dice: random.Random) -> bytes:
        asked = _asked(kind, dice.randint(1, self.members))
        body = b"" if asked.body is None else json.dumps(asked.body).encode()
        lines = [
            f"{asked.method} {PREFIX}{asked.path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.secret}",
        ]
        if asked.body is not None:
            lines += [
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                f"Idempotency-Key: {uuid.uuid4()}",
            ]
        return "\r\n".join(lines).encode() + END_OF_HEAD + body


def _asked(kind: str, member: int) -> Asked:
    points = f"/members/{member}/points"
    if kind == "redemption":
        body = {"points": 3, "reference": f"receipt-{uuid.uuid4()}"}
        return Asked(method="POST", path=f"{points}/redemptions/", body=body)
    if kind == "adjustment":
        body = {"points": 5, "reason": "goodwill"}
        return Asked(method="POST", path=f"{points}/adjustments/", body=body)
    if kind == "order":
        return Asked(method="POST", path="/orders/", body=_order(member))
    if kind == "empty POST":
        return Asked(method="POST", path="/bench-empty/", body={})
    return Asked(method="GET", path="/bench-empty/")


def _order(member: int) -> dict[str, Any]:
    return {
        "external_id": f"o-{uuid.uuid4()}",
        "member": str(member),
        "placed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "lines": [
            {"sku": "tea", "category": "tea", "amount": "18.50"},
            {"sku": "cup", "category": "ware", "amount": "9.90"},
        ],
    }


def _answered(line: socket.socket) -> int:
    """Read one whole answer; returns its status."""
    got = b""
    while END_OF_HEAD not in got:
        got += _received(line)
    head, _, body = got.partition(END_OF_HEAD)
    names = dict(
        one.lower().split(b":", 1) for one in head.split(b"\r\n")[1:] if b":" in one
    )
    missing = int(names[b"content-length"]) - len(body)
    while missing > 0:
        missing -= len(_received(line))
    return int(head.split(b" ", 2)[1])


def _received(line: socket.socket) -> bytes:
    piece = line.recv(65536)
    if not piece:
        raise ConnectionResetError("the server closed the connection")
    return piece


def main() -> None:
    told = workers.arguments()
    clients = [
        Client(
            port=told["port"],
            secret=told["secret"],
            kinds=told["kinds"],
            members=told["members"],
            seed=number,
        )
        for number in range(told["clients"])
    ]
    started = time.perf_counter()
    until = started + told["seconds"]
    threads = [threading.Thread(target=one.run, args=(until,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workers.answer(
        seconds=time.perf_counter() - started,
        took=[round(one * 1e6) for client in clients for one in client.took],
        statuses=sum((one.statuses for one in clients), Counter[int]()),
        faults=[one.fault for one in clients if one.fault],
    )


if __name__ == "__main__":
    main()
