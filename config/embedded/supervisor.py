"""A small supervisor: starts, watches, restarts and stops the processes of one terminal.

Each child leads a session of its own, so Ctrl-C reaches only us and children stop in
reverse order, each by its own signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from config.embedded import guard as guard_program
from config.embedded.output import Log
from config.embedded.paths import Account
from config.embedded.processes import kill_group, manner, spawn

TICK_SECONDS = 0.05
# A child that ran this long has recovered: its earlier crashes no longer count.
STEADY_SECONDS = 60.0
RESTARTS = 5
# What never came up once is more likely misconfigured than unlucky.
FIRST_ATTEMPTS = 3
LONGEST_PAUSE = 10.0


class Interrupted(Exception):
    """Somebody asked us to stop."""


class GaveUp(Exception):
    """A child cannot be kept running."""

    def __init__(self, name: str, how: str, tail: str) -> None:
        super().__init__(f"{name} {how}")
        self.name = name
        self.tail = tail


@dataclass(frozen=True, kw_only=True)
class Service:
    name: str
    command: Callable[[], tuple[str, ...]]
    ready: Callable[[], bool] = lambda: True
    # Runs before every start: what the last one left behind is cleared away there. It
    # tells what it did, if anything.
    before: Callable[[], str | None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    patience_seconds: float = 120.0
    env: Mapping[str, str] | None = None
    cwd: Path = Path("/")
    account: Account | None = None
    # Shown in the terminal as well as in its log.
    shown: bool = True
    # Writes to the terminal itself: it draws a progress bar.
    terminal: bool = False


@dataclass
class _Child:
    service: Service
    log: Log
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    crashes: int = 0
    up: bool = False
    was_up: bool = False
    how: str = ""


@dataclass
class Supervisor:
    logs: Path
    say: Callable[[str], None]
    _children: list[_Child] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None
    _asked: int = 0

    def __enter__(self) -> Self:
        self._guard = subprocess.Popen(  # noqa: S603 our own program
            [sys.executable, "-I", guard_program.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        assert self._guard is not None  # noqa: S101 set on entry
        self._tell("done")
        with contextlib.suppress(BrokenPipeError):
            assert self._guard.stdin is not None  # noqa: S101 a pipe was asked for
            self._guard.stdin.close()
        self._guard.wait()

    def heed_signals(self) -> None:
        """This makes Ctrl-C and SIGTERM a request; a second one stops at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self, service: Service) -> None:
        """This returns when the service is ready."""
        child = _Child(service=service, log=self._log(service))
        self._children.append(child)
        while not child.up:
            self._tick()
            time.sleep(TICK_SECONDS)

    def once(self, service: Service) -> int:
        """This runs a command to its end and watches the others meanwhile."""
        child = _Child(service=service, log=self._log(service))
        self._spawn(child)
        process = child.process
        assert process is not None  # noqa: S101 spawned above
        try:
            while process.poll() is None:
                self._tick()
                time.sleep(TICK_SECONDS)
        finally:
            self._end(child)
        return process.returncode

    def watch(self) -> None:
        """This goes on until it is interrupted or gives up."""
        while True:
            self._tick()
            time.sleep(TICK_SECONDS * 2)

    def stop(self) -> None:
        for child in reversed(self._children):
            self._end(child)
        self._children.clear()

    def _tick(self) -> None:
        if self._asked:
            raise Interrupted
        for child in self._children:
            self._look_after(child)

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._spawn(child)
            return
        status = child.process.poll()
        if status is not None:
            self._crashed(child, manner(status))
        elif child.up:
            if now - child.started > STEADY_SECONDS:
                child.crashes = 0
        elif child.service.ready():
            if child.was_up:
                self.say(f"{child.service.name} is back")
            child.up = child.was_up = True
        elif now - child.started > child.service.patience_seconds:
            self._crashed(child, "did not become ready")

    def _spawn(self, child: _Child) -> None:
        service = child.service
        done = service.before()
        if done is not None:
            self.say(done)
        child.process = spawn(
            service.command(),
            output=None if service.terminal else subprocess.PIPE,
            stop_signal=service.stop_signal,
            env=service.env,
            cwd=service.cwd,
            account=service.account,
        )
        child.started = time.monotonic()
        if child.process.stdout is not None:
            child.log.follow(child.process.stdout)
        self._tell(f"+{child.process.pid} {int(service.stop_signal)}")

    def _crashed(self, child: _Child, how: str) -> None:
        assert child.process is not None  # noqa: S101 only a started child crashes
        kill_group(child.process.pid)
        child.process.wait()
        self._tell(f"-{child.process.pid}")
        child.log.finish()
        child.process = None
        child.up = False
        child.crashes += 1
        name = child.service.name
        limit = RESTARTS if child.was_up else FIRST_ATTEMPTS
        if child.crashes >= limit:
            again = f"{how}, {child.crashes} times in a row; giving up"
            raise GaveUp(name, again, child.log.tail())
        pause = min(0.25 * 2**child.crashes, LONGEST_PAUSE)
        child.due = time.monotonic() + pause
        self.say(f"{name} {how}; starting it again ({child.crashes} of {limit - 1})")

    def _end(self, child: _Child) -> None:
        """This asks the main process only, then makes sure of the whole session."""
        process = child.process
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, child.service.stop_signal)
            self._await_end(process, seconds=child.service.grace_seconds)
        kill_group(process.pid)
        process.wait()
        self._tell(f"-{process.pid}")
        child.log.finish()
        child.process = None

    def _await_end(self, process: subprocess.Popen[bytes], *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        asked = self._asked
        while process.poll() is None and time.monotonic() < deadline:
            if self._asked > max(asked, 1):
                return
            time.sleep(TICK_SECONDS)

    def _log(self, service: Service) -> Log:
        path = self.logs / f"{service.name}.log"
        return Log(path=path, name=service.name, shown=service.shown)

    def _tell(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1
