"""New rules applied when they are published: who has reached more is lifted, as a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from loyalty.tiers import services
from members.access.models import User
from members.audit import services as audit
from members.jobs import services as jobs
from members.jobs.models import Job
from members.profiles.models import Member
from members.programme import queries as programme

JOB_KIND = "apply_tiers"
# Members of one transaction.
BATCH = 10_000

# (members looked at, members in all)
Report = Callable[[int, int], None]


def apply(
    *,
    actor: str,
    now: datetime,
    report: Report = lambda done, total: None,
    batch: int = BATCH,
) -> int:
    """Lift everybody the rules in force lift; returns how many tiers changed.

    Nobody falls by it: that is for the end of what they hold. A batch is one
    transaction; a second run finds nothing to do.
    """
    settings = programme.settings_at(at=now)
    today = services.today_of(at=now, settings=settings)
    members = Member.objects.filter(merged_into__isnull=True).order_by("pk")
    total, done, after, changed = members.count(), 0, 0, 0
    report(done, total)
    while True:
        found = members.filter(pk__gt=after).values_list("pk", flat=True)
        ids = list(found[:batch])
        if not ids:
            return changed
        pairs = [(pk, today) for pk in ids]
        changed += len(services.reassess(pairs=pairs, actor=actor, now=now))
        done, after = done + len(ids), ids[-1]
        report(done, total)


def request(*, by: User | None, at: datetime) -> Job:
    """Make the job for the version in force; the caller enqueues it."""
    params = {"version": programme.settings_at(at=at).number}
    job = jobs.create(kind=JOB_KIND, params=params, by=by, at=at)
    audit.record(
        actor=by, action="tiers.apply", target=f"Job:{job.pk}", details=params, at=at
    )
    return job


def request_due(*, at: datetime) -> Job | None:
    """Make the job for a version with other tiers that came into force by itself: on
    its day, or because a second person agreed. None: nothing waits."""
    number = programme.settings_at(at=at).number
    versions = [settings for _starts, settings in programme.timeline()]
    place = next(n for n, one in enumerate(versions) if one.number == number)
    before = versions[place - 1].tier_sets if place else ()
    if versions[place].tier_sets in ((), before):
        return None
    asked = Job.objects.filter(kind=JOB_KIND, params__version=number)
    return None if asked.exists() else request(by=None, at=at)


def run_job(*, job_id: UUID, clock: Callable[[], datetime]) -> None:
    """Do the work of a job; raises what stopped it, after noting it on the job."""
    jobs.start(job_id=job_id, at=clock())

    def report(done: int, total: int) -> None:
        jobs.progress(job_id=job_id, done=done, total=total, at=clock())

    try:
        changed = apply(actor=f"job:{job_id}", now=clock(), report=report)
    except jobs.Cancelled:
        jobs.cancelled(job_id=job_id, at=clock())
        raise
    except Exception as error:
        jobs.fail(job_id=job_id, error=str(error), at=clock())
        raise
    jobs.finish(job_id=job_id, result={"changed": changed}, at=clock())
