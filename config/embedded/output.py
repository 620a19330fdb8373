"""What children print: kept as it is in var/log, made readable in the terminal."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROTATE_BYTES = 20 * 1024**2
TAIL_LINES = 25
NAME_WIDTH = 8
COLOURS = {"error": "31", "critical": "31", "warning": "33"}
# Shown as part of the line or not worth its width there; the log file has them.
SILENT_KEYS = frozenset(
    [
        "timestamp",
        "level",
        "event",
        "logger",
        "request_id",
        "correlation_id",
        "task_id",
        "parent_task_id",
        "user_id",
        "ip",
        "user_agent",
    ]
)


@dataclass
class Log:
    """The output of one child, over all its restarts."""

    path: Path
    name: str
    shown: bool
    _reader: threading.Thread | None = field(default=None, repr=False)

    def follow(self, stream: IO[bytes]) -> None:
        rotate(self.path)
        self._reader = threading.Thread(target=self._copy, args=(stream,), daemon=True)
        self._reader.start()

    def finish(self) -> None:
        """This waits for the last lines; a stray grandchild may hold the pipe open."""
        if self._reader is not None:
            self._reader.join(timeout=2)

    def tail(self) -> str:
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - 64 * 1024))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    def _copy(self, stream: IO[bytes]) -> None:
        with stream, self.path.open("ab") as file:
            for line in stream:
                file.write(line)
                file.flush()
                if self.shown:
                    show(self.name, line.decode(errors="replace").rstrip())


def rotate(path: Path) -> None:
    if path.exists() and path.stat().st_size > ROTATE_BYTES:
        path.replace(path.with_suffix(".log.1"))


def show(name: str, line: str) -> None:
    text = readable(line, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    if text:
        # One write a line: several children print at once.
        sys.stdout.write(f"{name:<{NAME_WIDTH}} {text}\n")
        sys.stdout.flush()


def readable(line: str, *, colour: bool = False) -> str:
    """This makes a JSON log line a sentence; other lines stay as they are."""
    if not line.startswith("{"):
        return line
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return line
    level = str(entry.get("level", ""))
    words = [str(entry.get("timestamp", ""))[11:19], str(entry.get("event", ""))]
    if entry.get("event") == "request_finished":
        words = [words[0], str(entry.pop("request", "")), str(entry.pop("code", ""))]
    words += [
        f"{key}={value}" for key, value in entry.items() if key not in SILENT_KEYS
    ]
    trace = entry.get("exception")
    text = " ".join(
        word for word in words if word and not word.startswith("exception=")
    )
    if level in COLOURS:
        text = f"{level}: {text}"
        if colour:
            text = f"\x1b[{COLOURS[level]}m{text}\x1b[0m"
    return f"{text}\n{trace}" if trace else text
