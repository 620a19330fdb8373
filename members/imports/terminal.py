"""What the import commands share: options, a progress bar, exit codes."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from config.lib import clock
from members.imports import queries, reporting
from members.imports import rules as limits
from members.imports import services as imports
from members.imports.kinds import Options
from members.imports.models import ImportBatch
from members.imports.sniffing import Unusable

UNUSABLE, SOME_REJECTED = 2, 3


@dataclass
class _Bar:
    """A bar for each phase; nothing at all where nobody looks."""

    progress: Progress | None = None
    phase: str = ""
    task: Any = None

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self.progress is None:
            return
        if phase != self.phase:
            self.phase, words = phase, {"staging": "Reading", "applying": "Loading"}
            self.task = self.progress.add_task(words[phase], total=total)
        self.progress.update(self.task, completed=done, total=total)


class ImportCommand(BaseCommand):
    """One file into one kind of record; a subclass names the kind."""

    kind = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV, JSON Lines or Parquet")
        parser.add_argument(
            "--source",
            default=limits.DEFAULT_SOURCE,
            help="whose numbers these are; default %(default)s",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="which column is a field, repeatable; FIELD= leaves it out",
        )
        parser.add_argument("--encoding", help="utf-8, gb18030 or another, if unclear")
        parser.add_argument(
            "--date-format",
            help="dmy, mdy, epoch, epoch_ms or a pattern as %%d/%%m/%%Y",
        )
        parser.add_argument("--decimal", help="point or comma, if unclear")
        parser.add_argument("--region", help="country of telephone numbers, as DE")
        parser.add_argument(
            "--update", action="store_true", help="replace known rows that changed"
        )
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--rejects", type=Path, help="CSV for the rows refused")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = self._run(options)
        except Unusable as error:
            raise CommandError(str(error), returncode=UNUSABLE) from None
        self._print(summary, as_json=options["json"])
        if summary.rejected:
            raise SystemExit(SOME_REJECTED)

    def _run(self, options: dict[str, Any]) -> imports.Summary:
        path = Path(options["file"])
        request = imports.Request(
            kind=self.kind,
            path=path,
            name=path.name,
            source=options["source"],
            options=_options(options),
            at=clock.now(),
        )
        target: Path | None = options["rejects"]
        _check_target(target)
        with ExitStack() as stack:
            bar = _Bar(stack.enter_context(_bar()) if sys.stderr.isatty() else None)
            if options["dry_run"]:
                return imports.dry_run(
                    request=request,
                    look=lambda batch: _write_rejects(batch, target),
                    progress=bar,
                )
            summary = imports.run(request=request, progress=bar)
        found = summary.batch and ImportBatch.objects.get(pk=summary.batch)
        _write_rejects(found or None, target)
        return summary

    def _print(self, summary: imports.Summary, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(summary.dump(), ensure_ascii=False))
            return
        if summary.dry_run:
            self.stdout.write("Nothing was changed (--dry-run). It would have been:")
        for field, column in summary.columns.items():
            self.stdout.write(f"  {field} from {column!r}")
        self.stdout.write(
            f"{summary.read} read, {summary.loaded} loaded "
            f"({summary.updated} of them updated), {summary.unchanged} unchanged, "
            f"{summary.rejected} rejected; {summary.members_created} members and "
            f"{summary.stores_created} stores created"
        )


def _options(options: dict[str, Any]) -> Options:
    told: dict[str, str] = {}
    for pair in options["map"]:
        field, equals, column = pair.partition("=")
        if not equals or not field.strip():
            raise Unusable(f"--map {pair}: write it as FIELD=COLUMN")
        told[field.strip()] = column.strip()
    return Options(
        mapping=told,
        encoding=options["encoding"],
        date_format=options["date_format"],
        decimal=options["decimal"],
        region=options["region"],
        update=options["update"],
    )


def _check_target(target: Path | None) -> None:
    """Refuse a place that cannot be written; what stands there stays till the end."""
    if target is None:
        return
    existed = target.exists()
    try:
        target.open("a").close()
    except OSError as error:
        raise Unusable(f"--rejects {target}: {error.strerror}") from None
    if not existed:
        target.unlink()


def _write_rejects(batch: ImportBatch | None, target: Path | None) -> None:
    if target is not None:
        with target.open("w", encoding="utf-8", newline="") as file:
            reporting.write(file, queries.rejects(batch=batch) if batch else ())


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
