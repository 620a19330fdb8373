"""What waits for somebody: requests for two people, failed work, refused refunds."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from loyalty.inbox.models import Reminder
from loyalty.orders.models import ParkedRefund
from members.access import rules
from members.access.models import User
from members.approvals import kinds
from members.approvals.enums import ApprovalState
from members.approvals.models import Approval
from members.profiles.models import Member

PAGE = 30


@dataclass(frozen=True, kw_only=True)
class Page:
    """Requests in order; `after` is the place where the next page starts, if any."""

    requests: list[Approval]
    after: int | None


def deciding(user: User) -> list[str]:
    """Names of the kinds somebody may decide."""
    return kinds.within(rules.deciding_scopes(user.words))


def requests(*, user: User) -> QuerySet[Approval]:
    """Requests somebody may decide, and their own; of members of their stores only."""
    rows = Approval.objects.filter(
        Q(kind__in=deciding(user)) | Q(author=f"user:{user.pk}")
    )
    if user.is_superuser:
        return rows
    stores = user.stores.through.objects.filter(user_id=user.pk)
    theirs = Member.objects.filter(
        pk=OuterRef("about"), store__in=stores.values("store_id")
    )
    about = Cast(KeyTextTransform("member", "facts"), BigIntegerField())
    return rows.annotate(about=about).filter(~Exists(stores) | Exists(theirs))


def waiting_for(*, user: User) -> int:
    """How many requests wait for this person, in one query; none for who decides none."""
    mine = deciding(user)
    if not mine:
        return 0
    rows = requests(user=user).filter(state=ApprovalState.PENDING, kind__in=mine)
    return rows.exclude(author=f"user:{user.pk}").count()


def pending(*, user: User) -> Page:
    """What waits, the oldest first: whoever has waited longest comes next."""
    rows = requests(user=user).filter(state=ApprovalState.PENDING).order_by("pk")
    return _page(rows)


def decided(*, user: User, before: int | None = None) -> Page:
    """What was decided, the newest request first."""
    rows = requests(user=user).exclude(state=ApprovalState.PENDING).order_by("-pk")
    return _page(rows if before is None else rows.filter(pk__lt=before))


def refused_refunds() -> QuerySet[ParkedRefund]:
    """Refunds that came before their order and that the order would not take."""
    waiting = ParkedRefund.objects.filter(applied_at__isnull=True)
    return waiting.exclude(refused="").order_by("-received_at", "pk")


def reminders() -> QuerySet[Reminder]:
    """What the night raised and nobody has seen to, the oldest first."""
    return Reminder.objects.filter(done_at__isnull=True).order_by("pk")


def _page(rows: QuerySet[Approval]) -> Page:
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return Page(
        requests=shown, after=shown[-1].pk if shown and len(found) > PAGE else None
    )
