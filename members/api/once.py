"""The same POST again is answered again, not done again.

Answer and work are one transaction. A refusal undoes the work and is stored alone.
What the caller can mend (400) and what broke here (5xx) is not kept: a retry is a
new try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import problem
from config.lib.db import prepared
from config.lib.errors import DomainError
from members.api.errors import IdempotencyMismatch, InProgress

HEADER = "Idempotency-Key"
KEY_LENGTH = 200
# The kernel locks in id order; what is left is worth another try before it is a fault.
TRIES = 3

_MET = """
SELECT pg_try_advisory_xact_lock(%(lock)s), r.digest, r.status, r.body
  FROM (SELECT 1) AS one
  LEFT JOIN members_idempotentrequest r ON r.actor = %(actor)s AND r.key = %(key)s
"""

_KEEP = """
INSERT INTO members_idempotentrequest (actor, key, digest, status, body, created_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request as far as it decides whether another one is the same."""

    actor: str
    key: str
    digest: str
    at: datetime


def answered(
    *, request: Request, work: Callable[[], Response], actor: str, at: datetime
) -> HttpResponse:
    """Do the work of a POST in one transaction, once for its Idempotency-Key."""
    key = _key_of(request)
    if key is None:
        return _retried(lambda: _plain(work))
    ask = Ask(actor=actor, key=key, digest=_digest(request, actor), at=at)
    try:
        return _retried(lambda: _first_or_again(ask, work))
    except IntegrityError as error:
        # Somebody finished between our look and our lock; its answer is there now.
        if not _is_ours(error):
            raise
        return _first_or_again(ask, work)


def rendered(data: Any, status: int) -> HttpResponse:
    kind = problem.MEDIA_TYPE if status >= 400 else JSONRenderer.media_type
    body = data if isinstance(data, str) else JSONRenderer().render(data)
    return HttpResponse(body, status=status, content_type=kind)


def _plain(work: Callable[[], Response]) -> HttpResponse:
    with transaction.atomic():
        response = work()
        return rendered(response.data, response.status_code)


def _first_or_again(ask: Ask, work: Callable[[], Response]) -> HttpResponse:
    with transaction.atomic():
        stored = _met(ask)
        if stored is not None:
            return stored
        try:
            response = work()
        except DomainError as refusal:
            refused = refusal
            transaction.set_rollback(True)
        else:
            return _keep(ask, response.data, response.status_code)
    body = problem.body_of(refused)
    if body is None or body["status"] != 409:
        raise refused
    with transaction.atomic():
        return _met(ask) or _keep(ask, body, body["status"])


def _met(ask: Ask) -> HttpResponse | None:
    """What this key was answered before; takes the lock when it was not."""
    lock = hashlib.sha256(f"{ask.actor}\n{ask.key}".encode()).digest()[:8]
    told: dict[str, int | str] = {
        "lock": int.from_bytes(lock, signed=True),
        "actor": ask.actor,
        "key": ask.key,
    }
    with prepared() as cursor:
        cursor.execute(_MET, told)
        mine, digest, status, body = cursor.fetchone()
    if digest is not None:
        if digest != ask.digest:
            raise IdempotencyMismatch()
        response = rendered(body, status)
        response["Idempotent-Replayed"] = "true"
        return response
    if not mine:
        raise InProgress()
    return None


def _keep(ask: Ask, data: Any, status: int) -> HttpResponse:
    response = rendered(data, status)
    told: list[str | int | datetime] = [ask.actor, ask.key, ask.digest, status]
    with prepared() as cursor:
        cursor.execute(_KEEP, [*told, response.content.decode(), ask.at])
    return response


def _retried(act: Callable[[], HttpResponse]) -> HttpResponse:
    """A deadlock or a failed serialisation is tried again, unless somebody else's
    transaction is around this one and has to decide."""
    for left in range(TRIES - 1, -1, -1):
        try:
            return act()
        except OperationalError as error:
            cause = error.__cause__
            again = isinstance(
                cause,
                psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure,
            )
            if not again or not left or connection.in_atomic_block:
                raise
    raise AssertionError("unreachable")


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (1 <= len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        raise problem.InvalidInput(
            field=HEADER,
            code="invalid",
            detail=_("Give 1 to 200 printable ASCII characters."),
        )
    return key


def _digest(request: Request, actor: str) -> str:
    head = f"{request.method}\n{request.get_full_path()}\n{actor}\n"
    return hashlib.sha256(head.encode() + request._request.body).hexdigest()


def _is_ours(error: IntegrityError) -> bool:
    cause = error.__cause__
    named = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    return named == "idempotent_request_once"
