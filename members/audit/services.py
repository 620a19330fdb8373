from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from structlog.contextvars import get_contextvars

from members.access.models import User
from members.audit.models import AuditEntry


def record(
    *,
    actor: User | None,
    action: str,
    target: str,
    details: Mapping[str, Any],
    at: datetime,
) -> AuditEntry:
    """Append one entry; call it inside the transaction of the act itself.

    `details` may hold ids, counts and settings, never names, addresses or numbers
    of a person. `actor` None is the system or the command line.
    """
    return AuditEntry.objects.create(
        at=at,
        actor=actor,
        action=action,
        target=target,
        details=dict(details),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
