from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from structlog.contextvars import get_contextvars

from config.lib.db import prepared
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
    entry = AuditEntry(
        at=at,
        actor=actor,
        agent=agent,
        action=action,
        target=target,
        details=dict(details),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
    _append(entry)
    return entry


# A till's order waits for it: the text stays the same, so it is planned once.
_APPEND = """
INSERT INTO members_auditentry (at, actor_id, agent, action, target, details, request_id)
VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
"""


def _append(entry: AuditEntry) -> None:
    told: list[Any] = [entry.at, entry.actor_id, entry.agent, entry.action]
    told += [entry.target, Jsonb(entry.details), entry.request_id]
    with prepared() as cursor:
        cursor.execute(_APPEND, told)
        (entry.pk,) = cursor.fetchone()


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
