"""Starting a process so that it never outlives us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from config.embedded.paths import Account
from config.embedded.postgres import identity

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    words: Sequence[str],
    *,
    output: int | IO[bytes] | None,
    stop_signal: signal.Signals,
    env: Mapping[str, str] | None = None,
    cwd: Path = Path("/"),
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """This starts `words` in a session of its own, bound to the life of this thread.

    Call it from the main thread: the kernel signals the child when the thread that
    started it ends.
    """
    return subprocess.Popen(  # noqa: S603 our own commands
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
        # It makes one system call; a wrapper program would have to be readable for
        # PostgreSQL's user.
        preexec_fn=_die_with(os.getpid(), stop_signal),
        **identity(account),
    )


def _die_with(parent: int, stop_signal: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    prctl: Any = _libc.prctl

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return bind


def kill_group(leader: int) -> None:
    """This ends what is left of a session: granian's worker would keep the port."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def manner(status: int) -> str:
    """This says how a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
