from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from analytics.management import arguments
from analytics.values import services as values
from config.lib import clock

ENGINES = ("duckdb",)


class Command(BaseCommand):
    help = "Compute every member's values at the end of a local day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", help="a local day, to its end; default today")
        parser.add_argument("--engine", default="duckdb", help="duckdb")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        _settings, today = arguments.present()
        if options["engine"] not in ENGINES:
            accepted = ", ".join(ENGINES)
            raise arguments.unusable(
                f"--engine is {options['engine']!r}; it accepts {accepted}"
            )
        as_of = arguments.day("--as-of", options["as_of"]) or today
        with arguments.refusals(), _bar() as report:
            done = values.recompute(as_of=as_of, at=clock.now(), report=report)
        found = {
            "as_of": done.as_of.isoformat(),
            "members": done.members,
            "run": done.run_id,
            "snapshot": done.snapshot or None,
        }
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        where = f"snapshot {done.snapshot}" if done.snapshot else "the current values"
        self.stdout.write(f"{done.members} members as of {done.as_of}: {where}")


class _bar:
    """This shows the phases on a terminal and is silent elsewhere."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            console=console, transient=True, disable=not sys.stderr.isatty()
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> values.Report:
        self._progress.start()
        return self._report

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def _report(self, done: int, total: int, what: str) -> None:
        self._progress.update(self._task, completed=done, total=total, description=what)
