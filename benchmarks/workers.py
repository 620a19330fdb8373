"""Work in a process of its own, so that its time and its peak memory are its own."""

from __future__ import annotations

import json
import re
import resource
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
    """`answer` is the JSON the worker printed; it measured time and memory itself."""

    answer: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.answer["seconds"])

    @property
    def peak_mb(self) -> float:
        return float(self.answer["peak_mb"])


def run(module: str, **arguments: Any) -> Done:
    """Run `python -m module JSON` and wait for what it answers."""
    words = [sys.executable, "-m", module, json.dumps(arguments, default=str)]
    done = subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise WorkerFailed(f"{module} ended with {done.returncode}")
    return Done(answer=json.loads(done.stdout.splitlines()[-1]))


def arguments() -> dict[str, Any]:
    """What `run` passed; for the worker's own main."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def answer(**values: Any) -> None:
    print(json.dumps({**values, "peak_mb": _peak_mb()}, default=str), flush=True)


def _peak_mb() -> float:
    """The most memory this process held.

    Not `ru_maxrss` where the kernel says better: that one begins with what the parent
    held when it started us.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        status = ""
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    if found:
        return int(found.group(1)) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024**2 if sys.platform == "darwin" else most / 1024
