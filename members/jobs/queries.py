from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from members.jobs.enums import JobState
from members.jobs.models import Job

PAGE = 30


@dataclass(frozen=True, kw_only=True)
class Page:
    jobs: list[Job]
    last: Job | None


def recent(*, state: JobState | None = None, after: Job | None = None) -> Page:
    """Return a page of jobs, newest first; `last` is where the next one starts."""
    rows = Job.objects.select_related("created_by")
    if state is not None:
        rows = rows.filter(state=state)
    if after is not None:
        older = Q(created_at=after.created_at, pk__gt=after.pk)
        rows = rows.filter(Q(created_at__lt=after.created_at) | older)
    found = list(rows.order_by("-created_at", "pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Page(jobs=shown, last=shown[-1] if len(found) > PAGE else None)


def open_jobs() -> QuerySet[Job]:
    return Job.objects.open().order_by("-created_at", "pk")


def failed_since(*, at: datetime) -> QuerySet[Job]:
    """Return failed jobs that nobody has tried again."""
    retried = Job.objects.filter(retry_of__isnull=False).values("retry_of")
    failed = Job.objects.filter(state=JobState.FAILED, finished_at__gte=at)
    return failed.exclude(pk__in=retried).order_by("-finished_at", "pk")


def place(text: str) -> Job | None:
    """Return the job a page starts after; anything unreadable is the top."""
    try:
        return Job.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None
