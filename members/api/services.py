from __future__ import annotations

from datetime import datetime, timedelta

from members.api.models import IdempotentRequest

# A day is the least a client may count on; a week outlasts a long weekend.
KEPT = timedelta(days=7)


def sweep(*, at: datetime) -> int:
    """Forget answers nobody will ask for again; business keys stay for ever."""
    return IdempotentRequest.objects.filter(created_at__lt=at - KEPT).delete()[0]
