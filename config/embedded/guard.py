"""Ends the children of a supervisor that was killed.

Run as a program with the supervisor holding the other end of its standard input. Lines
are `+PID SIGNAL` and `-PID`; `done` is a supervisor that stopped its children itself.
The end of input without it means that the supervisor is gone. Only the standard library
is used: it starts in 20 ms and needs nothing of the product.
"""

from __future__ import annotations

import os
import signal
import sys
import time

# The kernel has sent each child its stop signal already. PostgreSQL writes a checkpoint
# and is given time for it; the others leave nothing unwritten.
PATIENCE = {signal.SIGINT: 20.0}
SHORT_PATIENCE = 2.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    children: dict[int, int] = {}
    for line in sys.stdin:
        word, _, stop_signal = line.strip().partition(" ")
        if word == "done":
            return
        if word.startswith("+"):
            children[int(word[1:])] = int(stop_signal)
        else:
            children.pop(int(word[1:]), None)
    for pid in reversed(children):
        end(pid, children[pid])


def end(pid: int, stop_signal: int) -> None:
    send(pid, stop_signal)
    patience = PATIENCE.get(signal.Signals(stop_signal), SHORT_PATIENCE)
    deadline = time.monotonic() + patience
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
