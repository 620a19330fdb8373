"""Computing what every member is worth, and keeping it in step."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import ibis
from django.conf import settings as django_settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ibis.expr import types as ir

from analytics.facts import queries as facts_queries
from analytics.facts import services as facts
from analytics.facts.enums import FactsKind
from analytics.metrics import state
from analytics.values import rebuild, table
from analytics.values.enums import RunState
from analytics.values.models import ValueRun
from config.lib import locks
from config.lib.errors import DomainError
from members.access.models import User
from members.jobs import services as jobs
from members.jobs.models import Job
from members.programme import queries as programme
from members.programme.rules import Settings

LOCK = "analytics.values"

# (done, total, what is being done)
Report = Callable[[int, int, str], None]
PHASES = 7
JOB_KIND = "recompute"


class AsOfAhead(DomainError):
    """Values of a day to come would look ahead."""

    code = "as_of_ahead"
    field = "as_of"


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    run_id: int
    as_of: date
    members: int
    months: int | None
    snapshot: str


def recompute(
    *, as_of: date, at: datetime, report: Report = lambda done, total, what: None
) -> Recomputed:
    """Refresh the facts and compute every member's values at the end of `as_of`.

    Today's replace the current values; a past day's go to a snapshot and leave the
    current ones alone. One run at a time, others wait. Raises `AsOfAhead`.
    """
    settings = programme.settings_at(at=at)
    if as_of > _today(settings, at):
        raise AsOfAhead(_("as_of is %(day)s, which is still to come.") % {"day": as_of})
    with locks.held(LOCK):
        return _recompute(as_of=as_of, at=at, settings=settings, report=report)


def keep_fresh(*, at: datetime) -> Recomputed | None:
    """Recompute today's values if orders, members, settings or the day changed."""
    with locks.held(LOCK):
        settings = programme.settings_at(at=at)
        today = _today(settings, at)
        if not _stale(settings, today):
            return None
        return _recompute(
            as_of=today, at=at, settings=settings, report=lambda done, total, what: None
        )


def _today(settings: Settings, at: datetime) -> date:
    return at.astimezone(settings.zone).date()


def _stale(settings: Settings, today: date) -> bool:
    run = ValueRun.objects.current().first()
    return (
        run is None
        or run.as_of != today
        or run.settings_number != settings.number
        or facts_queries.pending()
        or run.facts_version != facts_queries.version()
    )


def _recompute(
    *, as_of: date, at: datetime, settings: Settings, report: Report
) -> Recomputed:
    past = as_of < _today(settings, at)
    run = ValueRun.objects.create(
        as_of=as_of,
        state=RunState.RUNNING,
        settings_number=settings.number,
        started_at=at,
    )
    try:
        refreshed = facts.refresh(at=at, report=_facts_report(report))
        run.facts_version = facts_queries.version()
        _compute(run, settings, past=past, report=report)
    except BaseException as error:
        run.state, run.error = RunState.FAILED, str(error)[:2000]
        raise
    else:
        run.state = RunState.DONE
    finally:
        run.finished_at = at
        run.save()
    months = None if refreshed.months is None else len(refreshed.months)
    return Recomputed(
        run_id=run.pk,
        as_of=as_of,
        members=run.rows,
        months=months,
        snapshot=run.snapshot,
    )


def _compute(run: ValueRun, settings: Settings, *, past: bool, report: Report) -> None:
    with facts_queries.opened(as_of=run.as_of, settings=settings) as found:
        report(3, PHASES, gettext_noop("computing"))
        values = state.kept(rebuild.member_values(state.materialised(found)))
        run.bounds = rebuild.bounds(values, settings=settings)
        run.scored = int(values.r.count().to_pyarrow().as_py())
        if past:
            report(4, PHASES, gettext_noop("writing the snapshot"))
            run.rows = int(values.count().to_pyarrow().as_py())
            run.snapshot = _snapshot(values, run.as_of)
            return
        report(4, PHASES, gettext_noop("loading"))
        run.rows = table.load(_of_run(values, run))
    report(5, PHASES, gettext_noop("indexing"))
    table.index()
    report(6, PHASES, gettext_noop("switching over"))
    table.swap()


def _of_run(values: ir.Table, run: ValueRun) -> ir.Table:
    return values.mutate(run_id=ibis.literal(run.pk, type="int64"))


def _snapshot(values: ir.Table, as_of: date) -> str:
    """This writes the day's file, in the place of an earlier one of the same day."""
    folder = snapshots()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{as_of}.{os.getpid()}.draft"
    values.order_by("member_id").to_parquet(draft, compression="zstd")
    place = folder / f"{as_of}.parquet"
    draft.replace(place)
    return place.name


def snapshots() -> Path:
    return Path(django_settings.ENVIRONMENT.var) / "snapshots"


def _facts_report(report: Report) -> Callable[[FactsKind], None]:
    # A job keeps the words in English; its page says them in the reader's language.
    words = {
        FactsKind.MEMBERS: gettext_noop("exporting members"),
        FactsKind.ORDERS: gettext_noop("exporting orders"),
        FactsKind.LINES: gettext_noop("exporting order lines"),
    }
    places = {kind: place for place, kind in enumerate(words)}
    return lambda kind: report(places[kind], PHASES, words[kind])


def request(*, as_of: date, by: User | None, at: datetime) -> Job:
    """Make the job of a recompute by hand; the caller enqueues it."""
    params = {"as_of": as_of.isoformat()}
    return jobs.create(kind=JOB_KIND, params=params, by=by, at=at)


def run_job(*, job_id: UUID, clock: Callable[[], datetime]) -> None:
    """Do a requested recompute, saying on its job how far it is.

    Raises what `jobs.start` raises for a job that was cancelled or has ended.
    """
    job = jobs.start(job_id=job_id, at=clock())
    try:
        done = recompute(
            as_of=date.fromisoformat(job.params["as_of"]),
            at=clock(),
            report=lambda step, total, what: jobs.progress(
                job_id=job_id, done=step, total=total, message=what, at=clock()
            ),
        )
    except jobs.Cancelled:
        jobs.cancelled(job_id=job_id, at=clock())
    except Exception as error:
        jobs.fail(job_id=job_id, error=str(error), at=clock())
        raise
    else:
        result = {"as_of": str(done.as_of), "members": done.members}
        jobs.finish(job_id=job_id, result=result, at=clock())
