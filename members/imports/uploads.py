"""Files that came by browser: received, looked at, checked, loaded, forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.lib.errors import DomainError
from members.access.models import User
from members.audit import services as audit
from members.imports import kinds, mapping, queries, readers, rules, sniffing
from members.imports import services as imports
from members.imports.enums import ImportState
from members.imports.kinds import Options, Undone
from members.imports.models import ImportBatch, RejectedRow, Upload
from members.imports.sniffing import Inspection, Unusable
from members.imports.values import Cell
from members.jobs import services as jobs
from members.jobs.models import Job

LOAD, CHECK = "import", "import_check"


class FileGone(DomainError):
    code = "file_gone"
    message = _("The file was removed meanwhile. Upload it again.")


class NotUndoable(DomainError):
    code = "import_not_undoable"
    message = _("Only an import that is done can be undone, and only once.")


def receive(
    *,
    pieces: Iterable[bytes],
    name: str,
    kind: str,
    source: str,
    encoding: str | None = None,
    by: User,
    at: datetime,
) -> Upload:
    """Keep a file and find out what it is; raises `Unusable` and keeps nothing."""
    key = uuid.uuid4()
    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        found = sniffing.inspect(path=path, name=name, encoding=encoding)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload.objects.create(
        id=key,
        kind=kind,
        source=source.strip(),
        file_name=name[:255],
        size=path.stat().st_size,
        facts=asdict(found),
        options={"encoding": encoding} if encoding else {},
        created_by=by,
        created_at=at,
    )


def path_of(upload: Upload) -> Path:
    path = _path(upload.pk)
    if upload.removed_at is not None or not path.exists():
        raise FileGone()
    return path


def inspection_of(upload: Upload, *, encoding: str | None = None) -> Inspection:
    """Return what the file is, read anew only where another encoding is told."""
    if encoding:
        path = path_of(upload)
        return sniffing.inspect(path=path, name=upload.file_name, encoding=encoding)
    facts: dict[str, Any] = upload.facts
    return Inspection(**{**facts, "columns": tuple(facts["columns"])})


def preview(upload: Upload, found: Inspection) -> list[list[Cell]]:
    """Return the first rows as they stand in the file."""
    chunks = readers.chunks(
        path=path_of(upload),
        inspection=found,
        used=frozenset(),
        size=rules.PREVIEW_ROWS,
    )
    first = next(iter(chunks), None)
    return (
        [list(row) for row in islice(first.rows, rules.PREVIEW_ROWS)] if first else []
    )


def recognised(upload: Upload, found: Inspection) -> dict[str, str]:
    """Return the column of each field that its name gives away."""
    kind = kinds.named(upload.kind)
    told = dict(upload.options.get("mapping", {}))
    known: dict[str, str] = dict(told)
    for one in kind.fields:
        if one.name in told:
            continue
        try:
            columns = mapping.resolve(
                names=found.columns,
                fields=[mapping.Field(name=one.name, label="", synonyms=one.synonyms)],
                told={},
                extra=False,
            )
        except Unusable:
            continue
        known |= columns.as_told
    return known


@transaction.atomic
def ask(
    *, upload: Upload, options: Options, check: bool, by: User, at: datetime
) -> Job:
    """Make the job of a dry run or of the load; the caller enqueues it.

    Raises `Unusable` for a mapping or an option that cannot be meant.
    """
    path_of(upload)
    checked = imports.checked_options(options)
    kind = kinds.named(upload.kind)
    mapping.resolve(
        names=inspection_of(upload, encoding=options.encoding).columns,
        fields=kind.fields,
        told=checked.mapping,
        extra=kind.extra_columns,
    )
    params = {"upload": str(upload.pk)}
    job = jobs.create(kind=CHECK if check else LOAD, params=params, by=by, at=at)
    upload.options = options.dump()
    if check:
        upload.check_job = job
    else:
        upload.job = job
    upload.save(update_fields=["options", "check_job", "job"])
    return job


def run_job(*, job_id: UUID, clock: Callable[[], datetime]) -> None:
    """Do a load or a dry run somebody asked for, saying on its job how far it is."""
    job = jobs.start(job_id=job_id, at=clock())
    # What it says is kept on the job: in the language of who asked for it.
    asked = job.created_by.language if job.created_by else ""
    with translation.override(asked or translation.get_language()):
        _do(job, clock)


def _do(job: Job, clock: Callable[[], datetime]) -> None:
    job_id = job.pk
    try:
        summary = _run(job, clock)
    except jobs.Cancelled:
        jobs.cancelled(job_id=job_id, at=clock())
    except DomainError as refusal:
        jobs.fail(job_id=job_id, error=str(refusal), at=clock())
    except Exception as error:
        jobs.fail(job_id=job_id, error=type(error).__name__, at=clock())
        raise
    else:
        jobs.finish(job_id=job_id, result=summary, at=clock())


def _run(job: Job, clock: Callable[[], datetime]) -> dict[str, Any]:
    upload = Upload.objects.get(pk=job.params["upload"])
    request = imports.Request(
        kind=upload.kind,
        path=path_of(upload),
        name=upload.file_name,
        source=upload.source,
        options=Options(**upload.options),
        at=clock(),
        by=job.created_by,
        job_id=job.pk,
    )
    words = {"staging": _("Reading"), "applying": _("Loading")}

    def report(phase: str, done: int, total: int) -> None:
        jobs.progress(
            job_id=job.pk,
            done=done,
            total=total,
            at=clock(),
            message=str(words[phase]),
        )

    if job.kind == CHECK:
        return _check(request)
    return imports.run(request=request, progress=report).dump()


def _check(request: imports.Request) -> dict[str, Any]:
    """Do a dry run: one transaction that is taken back, its progress included."""
    reasons: list[dict[str, object]] = []

    def look(batch: ImportBatch) -> None:
        # Codes, counts and lines only: a job is kept longer than a row may be.
        reasons.extend(queries.reasons(batch=batch))

    summary = imports.dry_run(request=request, look=look, progress=lambda *_: None)
    return summary.dump() | {"reasons": reasons}


@transaction.atomic
def undo(*, batch_id: int, by: User, at: datetime) -> Undone:
    """Take back what a load created; raises what its kind raises if it cannot."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
    if batch.state != ImportState.DONE:
        raise NotUndoable()
    undone = kinds.named(batch.kind).undo(batch=batch, at=at)
    batch.state = ImportState.UNDONE
    batch.undone_at = at
    batch.save(update_fields=["state", "undone_at"])
    audit.record(
        actor=by,
        action="imports.undo",
        target=f"ImportBatch:{batch.pk}",
        details=asdict(undone),
        at=at,
    )
    return undone


def sweep(*, at: datetime) -> None:
    """Remove files and rejected rows whose time is over: they hold personal data."""
    old = Upload.objects.filter(
        removed_at__isnull=True, created_at__lt=at - timedelta(days=rules.UPLOADS_KEPT)
    )
    for upload in old:
        _path(upload.pk).unlink(missing_ok=True)
    old.update(removed_at=at)
    RejectedRow.objects.filter(expires_at__lt=at).delete()


def _path(key: UUID) -> Path:
    return Path(settings.UPLOADS_DIR) / str(key)
