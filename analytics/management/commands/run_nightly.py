from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from analytics.values import nightly
from config.lib import clock

BROKEN = 1


class Command(BaseCommand):
    help = "Do the night's work, in order; safe to run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with _bar() as report:
            night = nightly.run(at=clock.now(), report=report)
        if options["json"]:
            found = {
                "as_of": night.as_of.isoformat(),
                "already_done": night.already_done,
                "steps": night.steps,
                "closes": night.closes,
                "broken": night.broken,
            }
            self.stdout.write(json.dumps(found))
        else:
            self._say(night)
        if not night.closes:
            sys.exit(BROKEN)

    def _say(self, night: nightly.Night) -> None:
        steps = ", ".join(f"{step} {count}" for step, count in night.steps.items())
        told = "done before" if night.already_done else steps
        self.stdout.write(f"night of {night.as_of:%Y-%m-%d %H:%M} UTC: {told}")
        for row in night.broken:
            self.stdout.write(
                f"the roll-forward does not close: member {row['member'] or '-'}"
                f" {row['currency'] or '-'} on {row['day'] or 'all days'}:"
                f" transfers {row['expected']}, lots {row['found']}"
            )


class _bar:
    """This shows the steps on a terminal and is silent elsewhere."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            console=console, transient=True, disable=not sys.stderr.isatty()
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> nightly.Report:
        self._progress.start()
        return self._report

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def _report(self, step: str, done: int) -> None:
        self._progress.update(self._task, description=f"{step}: {done}")
