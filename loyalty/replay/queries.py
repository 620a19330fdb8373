from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from loyalty.replay.models import Replay
from loyalty.replay.rules import JOB_KIND
from members.jobs.models import Job
from members.profiles.models import Member
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft


def of_draft(*, draft_id: int) -> QuerySet[Replay]:
    """Replays a draft is a side of, the newest first."""
    rows = Replay.objects.select_related("draft", "rival", "created_by")
    both = rows.filter(draft_id=draft_id) | rows.filter(rival_id=draft_id)
    return both.order_by("-pk")


def job_of(*, replay: Replay) -> Job | None:
    """The job that ran a replay last; tried again, it is another one."""
    rows = Job.objects.filter(kind=JOB_KIND, params__replay=replay.pk)
    return rows.order_by("-created_at").first()


def rivals(*, draft_id: int) -> QuerySet[ProgrammeDraft]:
    """Other drafts to compare with; what was discarded is no rival."""
    rows = ProgrammeDraft.objects.exclude(state=DraftState.DISCARDED)
    return rows.exclude(pk=draft_id).order_by("-pk")


def members(*, ids: Iterable[int]) -> dict[int, Member]:
    return Member.objects.in_bulk(list(ids))
