"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster import Cluster
from config.embedded import postgres

# Long enough for a stable mean, short enough to be run every time.
FSYNC_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Machine:
    """`fsync_us` is what one fdatasync of 8 kB costs on the cluster's disk."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    fsync_us: float | None

    def __str__(self) -> str:
        fsync = "unknown" if self.fsync_us is None else f"{self.fsync_us:,.0f} µs"
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:.1f} GB, {self.system}, "
            f"Python {self.python}, fdatasync {fsync} (pg_test_fsync)"
        )


def look(cluster: Cluster) -> Machine:
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=pages / 1024**3,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        fsync_us=_fsync(cluster),
    )


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _fsync(cluster: Cluster) -> float | None:
    """The first figure for fdatasync: one write of 8 kB."""
    binary = postgres.binaries(cluster.places) / "pg_test_fsync"
    probe = cluster.home / "fsync_probe"
    done = subprocess.run(
        [str(binary), "-s", str(FSYNC_SECONDS), "-f", str(probe)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^\s*fdatasync\s.*?([\d.]+) usecs/op", done.stdout, re.MULTILINE)
    return float(found.group(1)) if found else None
