"""pgbench of the embedded PostgreSQL, against the database Django is pointed at."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from django.db import connection

from benchmarks.cluster import Cluster
from config.embedded import postgres


class PgbenchFailed(RuntimeError):
    pass


def transactions(
    script: str, *, cluster: Cluster, clients: int, seconds: int, **numbers: int
) -> float:
    """Transactions a second of a script; a transaction that fails fails the run."""
    told = connection.settings_dict
    path = Path(cluster.home) / "script.sql"
    path.write_text(script)
    words = [
        str(postgres.binaries(cluster.places) / "pgbench"),
        "--no-vacuum",
        f"--client={clients}",
        f"--jobs={min(2, clients)}",
        f"--time={seconds}",
        "--protocol=prepared",
        f"--file={path}",
        *[f"--define={name}={value}" for name, value in numbers.items()],
        f"--host={told['HOST']}",
        f"--username={told['USER']}",
        str(told["NAME"]),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise PgbenchFailed(done.stderr[-2000:])
    return float(found.group(1))
