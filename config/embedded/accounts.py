"""The system user that PostgreSQL runs as where we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable

NAME = "tern"
FITTING = ("postgres", NAME)


def provide(*, say: Callable[[str], None]) -> None:
    """This makes a system user as root where none fits, and says so.

    Without `useradd` (a bare container) PostgreSQL runs as `nobody`.
    """
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if os.geteuid() != 0 or any(_exists(name) for name in FITTING) or useradd is None:
        return
    words = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run([*words, NAME], check=False, capture_output=True)  # noqa: S603
    if done.returncode == 0:
        say(f"PostgreSQL refuses to run as root: made the system user {NAME!r} for it")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
