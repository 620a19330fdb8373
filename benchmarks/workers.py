"""Work in a process of its own, so that its time and its peak memory are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class WorkerFailed(RuntimeError):
    pass


@dataclass(frozen=True, kw_only=True)
class Done:
    """`answer` is the JSON the worker printed; `seconds` what it measured itself."""

    answer: dict[str, Any]
    peak_mb: float

    @property
    def seconds(self) -> float:
        return float(self.answer["seconds"])


def run(module: str, **arguments: Any) -> Done:
    """Run `python -m module JSON` and wait; its peak is the kernel's count."""
    words = [sys.executable, "-m", module, json.dumps(arguments, default=str)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as stream:
        text = stream.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WorkerFailed(f"{module} ended with {process.returncode}")
    return Done(
        answer=json.loads(text.splitlines()[-1]), peak_mb=usage.ru_maxrss / 1024
    )


def arguments() -> dict[str, Any]:
    """What `run` passed; for the worker's own main."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def answer(**values: Any) -> None:
    print(json.dumps(values, default=str), flush=True)
