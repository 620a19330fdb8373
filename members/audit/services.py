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
    agent: str = "",
) -> AuditEntry:
    """Append one entry; call it inside the transaction of the act itself.

    `details` may hold ids, counts and settings, never names, addresses or numbers
    of a person. `actor` None is the system, the command line, or an API key, which
    `agent` names as `key:7`.
    """
    return AuditEntry.objects.create(
        at=at,
        actor=actor,
        agent=agent,
        action=action,
        target=target,
        details=dict(details),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )


def record_by(
    *,
    actor: str,
    action: str,
    target: str,
    details: Mapping[str, Any],
    at: datetime,
) -> AuditEntry:
    """Append one entry of whoever a string names: `user:3` or `key:7`."""
    kind, _, number = actor.partition(":")
    person = User.objects.get(pk=int(number)) if kind == "user" else None
    return record(
        actor=person,
        agent="" if person else actor,
        action=action,
        target=target,
        details=details,
        at=at,
    )
