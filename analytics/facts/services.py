"""Keeping the facts in step with PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from analytics.facts import export, files
from analytics.facts.enums import FactsKind
from analytics.facts.models import FactsSegment
from config.lib import locks
from loyalty.liability import queries as liability_queries
from loyalty.liability import services as liability
from loyalty.orders.models import ChangedMonth
from members.profiles.models import ChangedMember
from members.programme import queries as programme

LOCK = "analytics.facts"
# Whoever opened the manifest before a switch has read its files by then.
KEPT = timedelta(hours=1)
# A folder no segment names is a run that died; younger ones may be at work elsewhere.
ORPHANED = timedelta(days=1)
DELETED_AT_ONCE = 20_000

Report = Callable[[FactsKind], None]


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh wrote: `months` None is all history, empty is none."""

    changed: bool
    months: frozenset[date] | None
    rows: int


@dataclass(frozen=True, kw_only=True)
class _Marks:
    months: dict[int, date]
    members: list[int]


def refresh(*, at: datetime, report: Report = lambda kind: None) -> Refreshed:
    """Export what changed since the last refresh; one at a time, others wait.

    1. Read the marks: all they stand for is committed, so the snapshot taken after
       them holds it. 2. Write new files. 3. In one transaction switch the manifest
    and delete exactly those marks: later ones stay for the next refresh, and a crash
    anywhere leaves the old files and all marks. 4. Remove what nobody reads any more.
    Call it outside a transaction: the engine reads over connections of its own.
    """
    if connection.in_atomic_block:
        raise RuntimeError("the engine cannot see what this transaction wrote")
    with locks.held(LOCK):
        marks = _Marks(
            months=dict(ChangedMonth.objects.values_list("pk", "month")),
            members=list(ChangedMember.objects.values_list("pk", flat=True)),
        )
        if _points_lost():
            _seal_points(at=at)
        months = _stale_months(marks)
        if not months and months is not None and not _members_stale(marks):
            _clean(at=at)
            return Refreshed(changed=False, months=frozenset(), rows=0)
        folder = files.new_folder()
        zone = programme.settings_at(at=at).time_zone
        export.write(folder=folder, months=months, zone=zone, report=report)
        rows = _switch(folder=folder, months=months, marks=marks, at=at)
        _clean(at=at)
        return Refreshed(changed=True, months=months, rows=rows)


def refresh_points(*, at: datetime) -> bool:
    """Bring the roll-up of points in step with the books, and export it if it changed.

    Apart from `refresh`, because points change with every order: the night does it, and
    whoever asks for a metric of points. Call it outside a transaction.
    """
    if connection.in_atomic_block:
        raise RuntimeError("the engine cannot see what this transaction wrote")
    run = liability.refresh(at=at)
    with locks.held(LOCK):
        segment = _points().first()
        if segment is not None and _run_of(segment) == run.pk and not _points_lost():
            return False
        _seal_points(at=at)
        return True


def _points() -> QuerySet[FactsSegment]:
    return FactsSegment.objects.live().filter(kind=FactsKind.POINTS)


def _points_lost() -> bool:
    segment = _points().first()
    return segment is not None and not files.parquet_of(segment.path)


def _run_of(segment: FactsSegment) -> int:
    """A segment of points lies in a folder named for the run it holds."""
    return int(segment.path.rsplit("-", 1)[-1])


def _seal_points(*, at: datetime) -> None:
    run = liability_queries.latest_run()
    folder = files.new_folder()
    export.write_points(folder=folder)
    place = folder / f"{FactsKind.POINTS.value}-{run.pk if run else 0}"
    (folder / FactsKind.POINTS).rename(place)
    with transaction.atomic():
        _points().update(retired_at=at)
        _segment(FactsKind.POINTS, None, place, at=at).save()
    _clean(at=at)


def _stale_months(marks: _Marks) -> frozenset[date] | None:
    """This is the months to write; None for all, where there is no manifest yet."""
    live = list(FactsSegment.objects.live())
    if not any(segment.kind == FactsKind.MEMBERS for segment in live):
        return None
    lost = {s.month for s in live if s.month and not files.parquet_of(s.path)}
    return frozenset(month.replace(day=1) for month in marks.months.values()) | lost


def _members_stale(marks: _Marks) -> bool:
    segment = FactsSegment.objects.live().get(kind=FactsKind.MEMBERS)
    return bool(marks.members) or not files.parquet_of(segment.path)


def _switch(
    *, folder: Path, months: frozenset[date] | None, marks: _Marks, at: datetime
) -> int:
    new = _sealed(folder, at=at)
    with transaction.atomic():
        old = FactsSegment.objects.live()
        if months is not None:
            old = old.filter(month__in=months) | old.filter(kind=FactsKind.MEMBERS)
        old.update(retired_at=at)
        FactsSegment.objects.bulk_create(new)
        _delete(ChangedMonth, list(marks.months))
        _delete(ChangedMember, marks.members)
    return sum(segment.rows for segment in new)


def _sealed(folder: Path, *, at: datetime) -> list[FactsSegment]:
    found: list[tuple[FactsKind, date | None, Path]] = [
        (FactsKind.MEMBERS, None, folder / FactsKind.MEMBERS)
    ]
    for kind in (FactsKind.ORDERS, FactsKind.LINES):
        for place in sorted((folder / kind).glob("month=*")):
            first = date.fromisoformat(place.name.removeprefix("month="))
            found.append((kind, first, place))
    return [_segment(kind, month, place, at=at) for kind, month, place in found]


def _segment(
    kind: FactsKind, month: date | None, place: Path, *, at: datetime
) -> FactsSegment:
    path = str(place.relative_to(files.root()))
    return FactsSegment(
        kind=kind,
        month=month,
        path=path,
        rows=files.rows_of(path),
        bytes=files.size_of(path),
        digest=files.digest_of(path),
        sealed_at=at,
    )


def _delete(marks: type[Model], ids: list[int]) -> None:
    for start in range(0, len(ids), DELETED_AT_ONCE):
        chunk = ids[start : start + DELETED_AT_ONCE]
        marks._default_manager.filter(pk__in=chunk).delete()


def _clean(*, at: datetime) -> None:
    """This removes segments retired long enough, and folders of runs that died."""
    old = FactsSegment.objects.filter(retired_at__lt=at - KEPT)
    for path in old.values_list("path", flat=True):
        files.remove(files.root() / path)
    old.delete()
    named = {path.split("/")[0] for path in _paths()}
    for folder in files.folders():
        age = at.timestamp() - folder.stat().st_mtime
        if folder.name not in named and age > ORPHANED.total_seconds():
            files.remove(folder)


def _paths() -> list[str]:
    return list(FactsSegment.objects.values_list("path", flat=True))
