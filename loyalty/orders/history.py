"""The programme applied to orders that came without points: idempotent, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from loyalty.orders import earning, qualifying
from loyalty.orders.earning import Applied
from loyalty.points import kernel
from members.access.models import User
from members.audit import services as audit
from members.jobs import services as jobs
from members.jobs.models import Job
from members.programme import queries as programme

JOB_KIND = "apply_programme"
# Orders of one transaction: some seconds of work, which is all that a kill loses.
BATCH = 10_000

# (orders looked at, orders in all)
Report = Callable[[int, int], None]


class BadPeriod(DomainError):
    code = "bad_period"
    message = gettext_lazy("The first day comes after the last; give it the other way.")
    field = "from"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Local days of orders, both included; None is open."""

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.first > self.last:
            raise BadPeriod()


def waiting(*, period: Period) -> int:
    """The number of orders that have earned nothing, whatever the reason."""
    return int(kernel.run(_COUNT, _told(period))[0]["n"])


def apply(
    *,
    period: Period,
    actor: str,
    now: datetime,
    report: Report = lambda done, total: None,
    batch: int = BATCH,
) -> Applied:
    """Post what orders of these days earn and what their refunds take back.

    Each order by the version in force when it was placed. An order that has earned is
    left alone, and its refunds with it: they were seen to when it did. A batch is one
    transaction, so whatever ends this run, the next one goes on behind it.
    """
    total = waiting(period=period)
    found, done, last = Applied(), 0, 0
    report(done, total)
    while True:
        rows = kernel.run(_NEXT, {**_told(period), "after": last, "limit": batch})
        if not rows:
            return found
        ids = [int(row["id"]) for row in rows]
        found = _sum(found, apply_to(order_ids=ids, actor=actor, now=now))
        done, last = done + len(ids), ids[-1]
        report(min(done, total), total)


@transaction.atomic
def request(*, period: Period, by: User, at: datetime) -> Job:
    """Make the job; the caller enqueues it."""
    params = {"first": _iso(period.first), "last": _iso(period.last)}
    job = jobs.create(kind=JOB_KIND, params=params, by=by, at=at)
    audit.record(
        actor=by,
        action="programme.apply",
        target=f"Job:{job.pk}",
        details=params,
        at=at,
    )
    return job


def run_job(*, job_id: UUID, clock: Callable[[], datetime], batch: int = BATCH) -> None:
    """Do the work of a job; raises what stopped it, after noting it on the job."""
    job = jobs.start(job_id=job_id, at=clock())

    def report(done: int, total: int) -> None:
        jobs.progress(job_id=job_id, done=done, total=total, at=clock())

    try:
        done = apply(
            period=Period(
                first=_day(job.params["first"]), last=_day(job.params["last"])
            ),
            actor=f"job:{job_id}",
            now=clock(),
            report=report,
            batch=batch,
        )
    except jobs.Cancelled:
        jobs.cancelled(job_id=job_id, at=clock())
        raise
    except Exception as error:
        jobs.fail(job_id=job_id, error=str(error), at=clock())
        raise
    jobs.finish(job_id=job_id, result=vars(done), at=clock())


@transaction.atomic
def apply_to(*, order_ids: list[int], actor: str, now: datetime) -> Applied:
    """Post what these orders earn, and what refunds of those that had not earned take."""
    ids = order_ids
    refunds = kernel.run(_REFUNDS, {"ids": ids})
    settings = programme.settings_at(at=now)
    earned = earning.earn_many(order_ids=ids, actor=actor, now=now)
    back = earning.take_back_many(
        refund_ids=[int(row["id"]) for row in refunds],
        actor=actor,
        settings=settings,
        now=now,
    )
    qualifying.written(
        order_ids=[*ids, *(int(row["id"]) for row in refunds)], actor=actor, now=now
    )
    return _sum(earned, back)


def _sum(one: Applied, other: Applied) -> Applied:
    return replace(
        one,
        orders=one.orders + other.orders,
        points=one.points + other.points,
        refunds=one.refunds + other.refunds,
        taken_back=one.taken_back + other.taken_back,
    )


def _told(period: Period) -> dict[str, Any]:
    return {"first": period.first, "last": period.last}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


_WAITING = """
       o.kind = 'order'
   AND (%(first)s::date IS NULL OR o.day >= %(first)s)
   AND (%(last)s::date IS NULL OR o.day <= %(last)s)
   AND NOT EXISTS (SELECT 1 FROM loyalty_transfer t
                    WHERE t.reference = order_earning(o.id, o.revision))
"""
_COUNT = f"SELECT count(*) AS n FROM loyalty_order o WHERE {_WAITING}"  # noqa: S608  our own text
_NEXT = f"""
SELECT o.id FROM loyalty_order o WHERE o.id > %(after)s AND {_WAITING}
 ORDER BY o.id LIMIT %(limit)s
"""  # noqa: S608  our own text
# Asked before the orders earn: of those that have, refunds were seen to at the time, by
# what each line was granted.
_REFUNDS = """
SELECT r.id FROM loyalty_order o JOIN loyalty_order r ON r.refund_of_id = o.id
 WHERE o.id = ANY (%(ids)s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM loyalty_transfer t
                    WHERE t.reference = order_earning(o.id, o.revision))
 ORDER BY r.placed_at, r.id
"""
