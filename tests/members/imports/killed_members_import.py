"""Imports members and ends itself without a word, as `kill -9` does.

python -m tests.members.imports.killed_members_import FILE PHASE ROWS: in that phase, once so
many rows are done.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import django


def main(path: Path, phase: str, rows: int) -> None:
    django.setup()
    from members.imports import services as imports  # noqa: PLC0415  needs Django set up
    from members.imports.kinds import Options  # noqa: PLC0415  as above

    def progress(now: str, done: int, total: int) -> None:
        if now == phase and done >= rows:
            os.kill(os.getpid(), signal.SIGKILL)

    imports.run(
        request=imports.Request(
            kind="members",
            path=path,
            name=path.name,
            source="external",
            options=Options(),
            at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        ),
        progress=progress,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
