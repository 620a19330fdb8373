#!/usr/bin/env python
"""Tern's commands. Without DATABASE_URL they run on this checkout's own PostgreSQL."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.embedded import commandline  # noqa: PLC0415  the line above comes first

    raise SystemExit(commandline.run(sys.argv, base_dir=BASE_DIR))


if __name__ == "__main__":
    main()
