"""Loads a file: read whole into staging, then applied slice by slice.

Each slice is one transaction with its rows, its rejects, its counts and the
position reached. Whatever dies, starting the same file again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.utils.translation import gettext as _

from config.lib import locks, meters
from config.lib.errors import DomainError
from members.access.models import User
from members.audit import services as audit
from members.imports import dates, kinds, mapping, readers, sniffing, staging, texts
from members.imports.enums import ImportState
from members.imports.kinds import Context, Counts, Kind, Loader, Options
from members.imports.models import ImportBatch
from members.imports.sniffing import Inspection, Unusable
from members.programme import queries as programme

# Slices of all imports take turns, so that two files cannot create one member.
_TURN = 7_202_001
_ATTEMPTS = 3
_UNFINISHED = (ImportState.STAGING, ImportState.APPLYING, ImportState.FAILED)
SOURCE_LENGTH = 60

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A file to load, and everything said about it."""

    kind: str
    path: Path
    name: str
    source: str
    options: Options
    at: datetime
    by: User | None = None
    job_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What became of a file; the counts are rows."""

    read: int
    loaded: int
    updated: int
    unchanged: int
    rejected: int
    members_created: int
    stores_created: int
    columns: dict[str, str]
    batch: int | None
    dry_run: bool = False

    def dump(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A request that was looked at: what the file is and where its fields are."""

    request: Request
    kind: Kind
    inspection: Inspection
    columns: mapping.Columns


def run(*, request: Request, progress: Progress) -> Summary:
    """Load a file, or go on with a load that was interrupted.

    Raises `Unusable` before anything changed, and whatever `progress` raises to
    stop; a stopped load goes on when the same file is started again.
    """
    plan = _plan(request)
    with locks.held(f"import:{plan.inspection.sha256}:{request.source}"):
        batch = _batch(plan)
        try:
            _load(plan, batch, progress)
        except Unusable:
            with transaction.atomic(), connection.cursor() as cursor:
                staging.drop(cursor, batch.pk)
            batch.delete()
            raise
        except Exception as error:
            _note_failure(batch, error)
            raise
    batch.refresh_from_db()
    return summary_of(batch)


def dry_run(
    *, request: Request, look: Callable[[ImportBatch], None], progress: Progress
) -> Summary:
    """Do all of a load, let `look` see the result, and take everything back."""
    plan = _plan(request)
    with transaction.atomic():
        batch = _new_batch(plan)
        _load(plan, batch, progress)
        batch.refresh_from_db()
        look(batch)
        summary = replace(summary_of(batch), batch=None, dry_run=True)
        transaction.set_rollback(True)
    return summary


def summary_of(batch: ImportBatch) -> Summary:
    return Summary(
        read=batch.read,
        loaded=batch.loaded,
        updated=batch.details.get("updated", 0),
        unchanged=batch.unchanged,
        rejected=batch.rejected,
        members_created=batch.members_created,
        stores_created=batch.details.get("stores_created", 0),
        columns=batch.details.get("columns", {}),
        batch=batch.pk,
    )


def checked_options(options: Options) -> Options:
    """Write what was said one way; raises `Unusable` for what cannot be meant."""
    decimal = {"point": ".", "comma": ",", ".": ".", ",": ",", None: None}
    if options.decimal not in decimal:
        raise Unusable(
            _("“%(decimal)s” is no decimal sign; give point or comma")
            % {"decimal": options.decimal}
        )
    try:
        form = dates.format_of(options.date_format) if options.date_format else None
    except dates.NotAFormat:
        raise Unusable(
            _(
                "“%(format)s” is no date format; give dmy, mdy, epoch, epoch_ms or a "
                "pattern with %%Y, %%m and %%d such as %%d/%%m/%%Y"
            )
            % {"format": options.date_format}
        ) from None
    region = options.region.upper() if options.region else None
    if region is not None and not texts.is_region(region):
        raise Unusable(
            _("“%(region)s” is no country; give two letters such as DE or CN")
            % {"region": region}
        )
    return replace(
        options, decimal=decimal[options.decimal], date_format=form, region=region
    )


def _plan(request: Request) -> _Plan:
    kind = kinds.named(request.kind)
    source = request.source.strip()
    if not 0 < len(source) <= SOURCE_LENGTH or source in ("email", "phone"):
        raise Unusable(
            _(
                "“%(source)s” cannot name a source; give up to %(length)s characters, "
                "not email or phone"
            )
            % {"source": request.source, "length": SOURCE_LENGTH}
        )
    request = replace(request, source=source, options=checked_options(request.options))
    inspection = sniffing.inspect(
        path=request.path, name=request.name, encoding=request.options.encoding
    )
    columns = mapping.resolve(
        names=inspection.columns,
        fields=kind.fields,
        told=request.options.mapping,
        extra=kind.extra_columns,
    )
    return _Plan(request=request, kind=kind, inspection=inspection, columns=columns)


def _batch(plan: _Plan) -> ImportBatch:
    """The unfinished load of this very file with these very words, or a new one."""
    unfinished = ImportBatch.objects.filter(
        file_hash=plan.inspection.sha256,
        kind=plan.kind.name,
        source=plan.request.source,
        options=plan.request.options.dump(),
        state__in=_UNFINISHED,
    ).order_by("-pk")
    batch = unfinished.first()
    if batch is None:
        return _new_batch(plan)
    if plan.request.job_id is not None:
        batch.job_id = plan.request.job_id
        batch.save(update_fields=["job"])
    return batch


def _new_batch(plan: _Plan) -> ImportBatch:
    request = plan.request
    return ImportBatch.objects.create(
        kind=plan.kind.name,
        source=request.source,
        file_name=request.name[:255],
        file_hash=plan.inspection.sha256,
        options=request.options.dump(),
        details={"columns": plan.columns.as_told, "names": list(plan.columns.names)},
        job_id=request.job_id,
        created_by=request.by,
        created_at=request.at,
    )


def _load(plan: _Plan, batch: ImportBatch, progress: Progress) -> None:
    # The clock of the first start: a restart must refuse the same rows.
    context = Context(
        source=plan.request.source,
        batch_id=batch.pk,
        at=batch.created_at,
        programme=programme.settings_at(at=batch.created_at),
        options=plan.request.options,
        columns=plan.columns,
    )
    loader = plan.kind.loader(context)
    with connection.cursor() as cursor:
        if not _is_staged(cursor, batch, loader):
            _stage(cursor, plan, batch, loader, progress)
        _apply(cursor, batch, loader, progress)
        _finish(cursor, plan.request, batch)


def _is_staged(cursor: CursorWrapper, batch: ImportBatch, loader: Loader) -> bool:
    staged = batch.details.get("staged")
    return staged is not None and staged == staging.count(cursor, loader.stage)


def _stage(
    cursor: CursorWrapper,
    plan: _Plan,
    batch: ImportBatch,
    loader: Loader,
    progress: Progress,
) -> None:
    with transaction.atomic():
        staging.create(cursor, loader.stage)
    rows = 0
    for chunk in readers.chunks(
        path=plan.request.path, inspection=plan.inspection, used=plan.columns.used
    ):
        with transaction.atomic():
            staging.copy(cursor, loader.stage, loader.lines(chunk))
        rows += len(chunk)
        progress("staging", rows, max(plan.inspection.rows, rows))
    with transaction.atomic():
        loader.settle(cursor)
        batch.details = {**batch.details, "staged": rows}
        batch.read = rows
        batch.state = ImportState.APPLYING
        batch.save(update_fields=["details", "read", "state"])


def _apply(
    cursor: CursorWrapper, batch: ImportBatch, loader: Loader, progress: Progress
) -> None:
    if batch.state != ImportState.APPLYING:
        batch.state = ImportState.APPLYING
        batch.save(update_fields=["state"])
    while True:
        batch.refresh_from_db()
        done = batch.loaded + batch.unchanged + batch.rejected
        progress("applying", done, batch.read)
        upto = loader.next_after(cursor, batch.applied_to)
        if upto is None:
            return
        _apply_slice(cursor, batch, loader, upto)


def _apply_slice(
    cursor: CursorWrapper, batch: ImportBatch, loader: Loader, upto: int
) -> None:
    """Apply one slice; a till that created the same member meanwhile is met again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
                counts = loader.apply(cursor, batch.applied_to, upto)
                _count(batch, counts, upto)
        except (IntegrityError, OperationalError):
            if attempt == _ATTEMPTS or not connection.is_usable():
                raise
        else:
            _meter(batch.kind, counts)
            return


def _meter(kind: str, counts: Counts) -> None:
    """Only what was committed counts; a slice tried again would count twice."""
    for outcome in ("loaded", "unchanged", "rejected"):
        meters.imported(kind=kind, outcome=outcome, rows=getattr(counts, outcome))


def _count(batch: ImportBatch, counts: Counts, upto: int) -> None:
    details = dict(batch.details)
    for name in ("updated", "stores_created"):
        details[name] = details.get(name, 0) + getattr(counts, name)
    ImportBatch.objects.filter(pk=batch.pk).update(
        applied_to=upto,
        loaded=F("loaded") + counts.loaded,
        unchanged=F("unchanged") + counts.unchanged,
        rejected=F("rejected") + counts.rejected,
        members_created=F("members_created") + counts.members_created,
        details=details,
    )


def _finish(cursor: CursorWrapper, request: Request, batch: ImportBatch) -> None:
    with transaction.atomic():
        staging.drop(cursor, batch.pk)
        batch.state = ImportState.DONE
        batch.error = ""
        batch.finished_at = request.at
        batch.save(update_fields=["state", "error", "finished_at"])
        counts = summary_of(batch).dump()
        del counts["columns"], counts["batch"], counts["dry_run"]
        audit.record(
            actor=request.by,
            action="imports.run",
            target=f"ImportBatch:{batch.pk}",
            details={"kind": batch.kind, "source": batch.source, **counts},
            at=request.at,
        )


def _note_failure(batch: ImportBatch, error: Exception) -> None:
    """Say on the batch why it stopped; the server itself may be what is gone."""
    text = str(error) if isinstance(error, DomainError) else type(error).__name__
    with suppress(DatabaseError):
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=ImportState.FAILED, error=text[:2000]
        )
