"""The HTTP API: requests that change balances, beside a view that does nothing.

The whole way of a till: granian as `up` runs it, key, limit in Valkey, JSON, the kernel,
the commit on disk. Clients are a process of their own on the same cores.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection

from benchmarks import ledger_rows, tables, workers
from benchmarks.cluster import Cluster
from benchmarks.report import Figure, Result, percentile
from config.embedded import ports, valkey
from config.embedded.processes import kill_group, spawn
from config.embedded.product import Options, Product
from config.lib import clock, env
from loyalty.points import audit
from members.access import keys
from members.access.models import ApiKey

MEMBERS = 100_000
SECONDS = 6
WARM_SECONDS = 2
CLIENTS = (1, 4, 16)
# The empty view may be so much faster: 40 %.
RATIO = 2.5
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
UNLIMITED = 10_000_000
EMPTY = "empty"
# The mix is each of the three in turn.
MIX = ("redemption", "order", "adjustment")
KINDS: dict[str, tuple[str, ...]] = {
    EMPTY: (EMPTY,),
    "empty POST": ("empty POST",),
    **{kind: (kind,) for kind in MIX},
    "mix": MIX,
}


class NotServed(RuntimeError):
    pass


@dataclass(frozen=True, kw_only=True)
class Served:
    """What one kind of request came to at so many clients; times in milliseconds."""

    per_second: float
    took: list[float]

    def words(self) -> str:
        told = [f"{percentile(self.took, share):,.1f}" for share in (0.5, 0.95, 0.99)]
        return f"p50 {told[0]}, p95 {told[1]}, p99 {told[2]} ms"


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    members = max(20, int(MEMBERS * share))
    say(f"books of {members:,} members")
    ledger_rows.make(members=members, lots=3, points=1_000_000, days=365)
    secret = _key()
    with _serving(cluster) as port:
        found = {
            (kind, clients): _measured(
                kind,
                port=port,
                secret=secret,
                clients=clients,
                members=members,
                seconds=SECONDS * share,
                say=say,
            )
            for clients in CLIENTS
            for kind in KINDS
        }
    checked = audit.audit()
    _closed()
    return Result(
        bench="api",
        title="requests that change balances, over HTTP",
        sizes={
            "members": members,
            "requests": sum(len(o.took) for o in found.values()),
        },
        figures=(
            *(one for clients in CLIENTS for one in _figures(found, clients)),
            Figure(
                what="wrong rows",
                value=len(checked.broken) + checked.rebuild_differs,
                hold=0,
            ),
        ),
    )


def _figures(found: dict[tuple[str, int], Served], clients: int) -> Iterator[Figure]:
    many = f"{clients} client" + ("s" if clients > 1 else "")
    for kind in KINDS:
        served = found[kind, clients]
        yield Figure(
            what=f"{kind}, {many}",
            value=served.per_second,
            unit="/s",
            note=served.words(),
        )
    empty = found[EMPTY, clients].per_second
    for kind in MIX:
        yield Figure(
            what=f"empty / {kind}, {many}",
            value=empty / found[kind, clients].per_second,
            unit="×",
        )
    yield Figure(
        what=f"empty / mix, {many}",
        value=empty / found["mix", clients].per_second,
        unit="×",
        hold=RATIO,
    )


def _measured(
    kind: str,
    *,
    port: int,
    secret: str,
    clients: int,
    members: int,
    seconds: float,
    say: Callable[[str], None],
) -> Served:
    say(f"{kind}, {clients} clients, {seconds:,.1f} s")
    tables.checkpoint()
    told = {"port": port, "secret": secret, "clients": clients, "members": members}
    told["kinds"] = list(KINDS[kind])
    # Each process of the server plans its statements and fills its caches first.
    workers.run(
        "benchmarks.calling_worker",
        **told,
        seconds=min(WARM_SECONDS, 3 * seconds),
    )
    done = workers.run("benchmarks.calling_worker", **told, seconds=seconds).answer
    wanted = {"200"} if kind == EMPTY else {"201"}
    if done["faults"] or set(done["statuses"]) != wanted:
        raise NotServed(f"{kind}: {done['statuses']} {done['faults']}")
    return Served(
        per_second=len(done["took"]) / done["seconds"],
        took=[one / 1000 for one in done["took"]],
    )


def _key() -> str:
    """A key that no limit stops; its secret is returned."""
    made = keys.create(
        name="bench",
        scopes=["points:write", "orders:write"],
        at=clock.now(),
        requests_per_minute=UNLIMITED,
    )
    return made.secret


def _closed() -> None:
    ApiKey.objects.filter(name="bench").delete()
    tables.empty()


@contextmanager
def _serving(cluster: Cluster) -> Iterator[int]:
    """The product's web server and Valkey, with the view that does nothing; its port."""
    with _valkey(cluster) as redis_url:
        claimed = ports.claim()
        try:
            with _web(cluster, claimed.port, redis_url):
                yield claimed.port
        finally:
            claimed.release()


@contextmanager
def _valkey(cluster: Cluster) -> Iterator[str]:
    places = cluster.places
    places.valkey.mkdir(parents=True, exist_ok=True)
    places.sockets.mkdir(parents=True, exist_ok=True)
    words = valkey.command(places)
    with _process(
        words,
        log=cluster.home / "valkey.log",
        ready=lambda: valkey.ready(places),
        environ=dict(os.environ),
    ):
        yield places.redis_url


@contextmanager
def _web(cluster: Cluster, port: int, redis_url: str) -> Iterator[None]:
    told = {
        **os.environ,
        "REDIS_URL": redis_url,
        "TERN_VAR": str(cluster.home / "state"),
    }
    told["DATABASE_URL"] = _database_url()
    product = Product(
        options=Options(port=port),
        environment=env.parse(told, base_dir=workers.ROOT),
        base_dir=workers.ROOT,
        places=replace(cluster.places, var=cluster.home / "served"),
        port=port,
    )
    web = product.processes()[0]
    metrics = product.places.run / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    environ = {**(web.env or {}), **told}
    environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.serving"
    environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    with _process(
        web.command(), log=cluster.home / "web.log", ready=web.ready, environ=environ
    ):
        yield


def _database_url() -> str:
    """The database this process works on, for the server too."""
    held = connection.settings_dict
    return f"postgres://{held['USER']}@/{held['NAME']}?host={held['HOST']}"


@contextmanager
def _process(
    words: tuple[str, ...],
    *,
    log: Path,
    ready: Callable[[], bool],
    environ: dict[str, str],
) -> Iterator[None]:
    with log.open("wb") as output:
        process = spawn(
            words,
            output=output,
            stop_signal=signal.SIGTERM,
            env=environ,
            cwd=workers.ROOT,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotServed(log.read_text()[-2000:])
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS)
        kill_group(process.pid)
        process.wait()
