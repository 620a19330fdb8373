from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ops import running
from tests.ops.running import Up


@pytest.fixture(scope="session", autouse=True)
def _linux() -> None:
    if sys.platform != "linux":
        pytest.skip("processes are looked up in /proc")


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """What one life of a fresh installation showed, from nothing to Ctrl-C."""

    var: Path
    text: str
    alive: tuple[int, str]
    ready: tuple[int, str]
    worked: dict[int, str]
    status: int
    left: dict[int, str]


@pytest.fixture(scope="session")
def first_run() -> Iterator[FirstRun]:
    with running.scratch() as home:
        up = Up(home / "var").ready()
        alive, ready = up.get("/healthz"), up.get("/readyz")
        worked = running.processes(home)
        status = up.press_ctrl_c()
        yield FirstRun(
            var=home / "var",
            text=up.text,
            alive=alive,
            ready=ready,
            worked=worked,
            status=status,
            left=running.processes(home),
        )


@pytest.fixture
def var(first_run: FirstRun) -> Iterator[Path]:
    """An installation of one's own that is set up and stopped."""
    with running.scratch() as home:
        yield running.copy(first_run.var, home / "var")


@pytest.fixture(scope="module")
def up(first_run: FirstRun) -> Iterator[Up]:
    """A second start, shared by the tests of a module."""
    with running.scratch() as home:
        started = Up(running.copy(first_run.var, home / "var")).ready()
        yield started
        if started.process.poll() is None:
            started.press_ctrl_c()
