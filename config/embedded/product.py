"""Everything `manage.py up` does, in order."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.embedded import lock, ports, runtime
from config.embedded.output import show
from config.embedded.paths import Layout, Unusable
from config.embedded.supervisor import GaveUp, Interrupted, Service, Supervisor
from config.lib.env import Environment

PYTHON = sys.executable
WAIT_FOR_COMMAND_SECONDS = 3600.0
HTTP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Options:
    port: int | None = None
    demo: bool = True
    workers: int | None = None
    prepare_only: bool = False


def run(*, options: Options, environment: Environment, base_dir: Path) -> int:
    """This runs the product until it is asked to stop; the status says how it went."""
    try:
        places = runtime.open_layout(var=environment.var, say=say)
        with _alone(places), _claimed(options) as port:
            return _supervised(
                Product(
                    options=options,
                    environment=environment,
                    base_dir=base_dir,
                    places=places,
                    port=port,
                )
            )
    except (Unusable, ports.Taken) as error:
        print(f"tern: {error}", file=sys.stderr)
        return 2


def say(text: str) -> None:
    show("tern", text)


@dataclass(frozen=True, kw_only=True)
class Product:
    options: Options
    environment: Environment
    base_dir: Path
    places: Layout
    port: int

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def child_env(self) -> dict[str, str]:
        given = dict(os.environ)
        return {
            **given,
            **runtime.addresses(self.places, given),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TERN_VAR": str(self.environment.var),
            "TERN_BASE_URL": given.get("TERN_BASE_URL") or self._base_url(),
            "PROMETHEUS_MULTIPROC_DIR": str(self.places.run / "metrics"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(self.base_dir),
        }

    def _base_url(self) -> str:
        production = self.environment.production
        return self.environment.base_url if production else self.address

    @property
    def logins(self) -> Path:
        return self.places.run / "logins"

    def preparation(self) -> Service:
        words = ["prepare", "--logins-to", str(self.logins)]
        if self.options.demo and not self.options.prepare_only:
            words.append("--demo")
        manage = str(self.base_dir / "manage.py")
        return Service(
            name="prepare",
            command=lambda: (PYTHON, manage, *words),
            env=self.child_env,
            cwd=self.base_dir,
            stop_signal=signal.SIGINT,
            terminal=True,
        )

    def processes(self) -> list[Service]:
        return [self._web(), self._worker(), self._beat()]

    def _web(self) -> Service:
        workers = self.options.workers or max(1, min(4, _processors()))
        words = ("-m", "granian", "--interface", "wsgi", "config.wsgi:application")
        options = {
            "--host": ports.LOOPBACK,
            "--port": self.port,
            "--workers": workers,
            "--blocking-threads": 4,
            "--workers-kill-timeout": 5,
            "--log-level": "warning",
        }
        return self._service("web", words, options, ready=self.answers)

    def _worker(self) -> Service:
        # It runs as whoever started `up`; the warning about root says nothing new.
        calm = ("-W", "ignore:You're running the worker with superuser")
        celery = (*calm, "-m", "celery", "-q", "-A", "config")
        words = (*celery, "worker", "--without-gossip", "--without-mingle")
        options = {
            "--loglevel": "INFO",
            "--concurrency": max(1, min(4, _processors())),
            "--hostname": f"tern-{self.port}@%h",
        }
        # A task that runs is finished first.
        return self._service("worker", words, options, grace=20)

    def _beat(self) -> Service:
        words = ("-m", "celery", "-q", "-A", "config", "beat", "--pidfile=")
        options = {"--loglevel": "INFO", "--schedule": self.places.run / "beat"}
        return self._service("beat", words, options)

    def _service(
        self,
        name: str,
        words: tuple[str, ...],
        options: dict[str, object],
        *,
        ready: Callable[[], bool] = lambda: True,
        grace: float = 10,
    ) -> Service:
        given = [str(part) for item in options.items() for part in item]
        return Service(
            name=name,
            command=lambda: (PYTHON, *words, *given),
            ready=ready,
            env=self.child_env,
            cwd=self.base_dir,
            grace_seconds=grace,
        )

    def answers(self) -> bool:
        """This tells whether the web server serves; the host is one it accepts."""
        host = self.environment.allowed_hosts[0].lstrip(".*") or "localhost"
        asked = http.client.HTTPConnection(
            ports.LOOPBACK, self.port, timeout=HTTP_SECONDS
        )
        try:
            asked.request("GET", "/healthz", headers={"Host": host})
            return asked.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()


def _supervised(product: Product) -> int:
    supervisor = Supervisor(logs=product.places.log, say=say)
    supervisor.heed_signals()
    with supervisor:
        try:
            _prepare(supervisor, product)
            if product.options.prepare_only:
                say("everything is set up; start it with bin/up")
                return 0
            _serve(supervisor, product)
        except Interrupted:
            say("stopping")
            return 0
        except GaveUp as error:
            say(str(error))
            if error.tail:
                say(f"the end of {product.places.log / error.name}.log:")
                print(error.tail, flush=True)
            return 1
        finally:
            lock.withdraw(product.places)
    return 0


def _prepare(supervisor: Supervisor, product: Product) -> None:
    if not product.places.data.exists() and not os.environ.get("DATABASE_URL"):
        say(f"making the database in {product.places.data}")
    runtime.start(supervisor, product.places, os.environ)
    _announce(product, address=None)
    if supervisor.once(product.preparation()):
        raise GaveUp("prepare", "failed", "")


def _serve(supervisor: Supervisor, product: Product) -> None:
    metrics = product.places.run / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    for service in product.processes():
        supervisor.start(service)
    _announce(product, address=product.address)
    say(f"ready at {product.address}")
    if product.logins.exists():
        for line in product.logins.read_text().splitlines():
            say(line)
        product.logins.unlink()
    say("Ctrl-C stops everything")
    supervisor.watch()


def _announce(product: Product, *, address: str | None) -> None:
    told = product.child_env
    lock.announce(
        product.places,
        lock.Running(
            pid=os.getpid(),
            kind="up",
            database_url=told["DATABASE_URL"],
            redis_url=told["REDIS_URL"],
            address=address,
        ),
    )


@contextlib.contextmanager
def _claimed(options: Options) -> Iterator[int]:
    if options.prepare_only:
        yield ports.FIRST
        return
    claimed = ports.claim(wanted=options.port)
    try:
        yield claimed.port
    finally:
        claimed.release()


@contextlib.contextmanager
def _alone(places: Layout) -> Iterator[None]:
    """This waits for a command that uses the services, and refuses a second `up`."""
    mine = lock.owner(places)
    deadline = time.monotonic() + WAIT_FOR_COMMAND_SECONDS
    told = False
    while not mine.acquire():
        found = lock.running(places)
        if found is not None and found.kind == "up":
            where = found.address or "an address to come"
            raise Unusable(
                f"this checkout runs already, at {where} (process {found.pid})"
            )
        if time.monotonic() > deadline:
            raise Unusable("another command still uses the database of this checkout")
        if found is not None and not told:
            say(f"waiting for another command of this checkout ({found.pid}) to end")
            told = True
        time.sleep(runtime.WAIT_SECONDS)
    try:
        lock.withdraw(places)
        yield
    finally:
        mine.release()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 2
