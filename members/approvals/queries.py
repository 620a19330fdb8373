from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from members.approvals.models import Approval


def approvals(
    *, kinds: Collection[str], state: str | None = None
) -> QuerySet[Approval]:
    """Requests of these kinds, the newest first."""
    found = Approval.objects.filter(kind__in=kinds).order_by("-pk")
    return found if state is None else found.filter(state=state)
