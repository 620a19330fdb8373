from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from config.lib import clock, days
from loyalty.orders import history

UNUSABLE = 2


class Command(BaseCommand):
    help = (
        "Post what orders without points earn and what their refunds take back. "
        "Twice is the same as once; started again it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="first", help="first local day of orders; default the first"
        )
        parser.add_argument(
            "--to", dest="last", help="last local day of orders; default the last"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = _day("--from", options["first"]), _day("--to", options["last"])
        try:
            period = history.Period(first=first, last=last)
        except history.BadPeriod as refusal:
            raise CommandError(f"--from: {refusal}", returncode=UNUSABLE) from None
        with _bar() as report:
            done = history.apply(
                period=period, actor="apply_programme", now=clock.now(), report=report
            )
        if options["json"]:
            self.stdout.write(json.dumps(vars(done)))
            return
        self.stdout.write(
            f"{done.orders:,} orders earned {done.points:,} points; "
            f"{done.refunds:,} refunds took back {done.taken_back:,}"
        )


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return days.parse(text)
    except ValueError:
        raise CommandError(
            f"{option} is {text!r}; it accepts a day as 2026-03-01", returncode=UNUSABLE
        ) from None


class _bar:
    """This shows how far it is on a terminal and is silent elsewhere."""

    def __init__(self) -> None:
        self._progress = Progress(
            *Progress.get_default_columns(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task("applying the programme", total=None)

    def __enter__(self) -> history.Report:
        self._progress.start()
        return self._report

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def _report(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
