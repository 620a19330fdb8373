"""Who calls, and whether its key opens this door."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.lib import clock
from members.access import keys, queries

# A revoked key works in a process that has just used it for no longer than this.
REMEMBERED_SECONDS = 2.0
REMEMBERED_KEYS = 1000
NOTED_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The key behind a request, in place of a user."""

    id: int
    name: str
    scopes: frozenset[str]
    requests_per_minute: int
    expires_at: datetime | None
    revoked: bool
    # Whoever made the key answers for what it approves.
    person_id: int | None

    is_authenticated = True
    is_active = True

    @property
    def actor(self) -> str:
        return f"key:{self.id}"

    @property
    def pk(self) -> str:
        return self.actor


_remembered: dict[str, tuple[float, Caller]] = {}
_noted: dict[int, float] = {}


class BearerKey(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        words = request.META.get("HTTP_AUTHORIZATION", "").split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != "bearer":
            raise AuthenticationFailed(
                _("Send Authorization: Bearer and one key."), code="not_authenticated"
            )
        caller = _caller(words[1])
        now = clock.now()
        if caller is None:
            raise AuthenticationFailed(_("This key is unknown."), code="unknown_key")
        if caller.revoked:
            raise AuthenticationFailed(_("This key was revoked."), code="revoked_key")
        if caller.expires_at is not None and caller.expires_at <= now:
            raise AuthenticationFailed(_("This key has expired."), code="expired_key")
        _note(caller, now)
        return caller, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HoldsScope(BasePermission):
    """A view names the scopes that open each of its methods; one of them is enough."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed: Sequence[str] | None = view.scopes.get(request.method)
        caller: Caller | None = request.user  # type: ignore[assignment]  # put there above
        if caller is None:
            return view.public is True
        if needed is None or caller.scopes.intersection(needed):
            return True  # a method without scopes is one the view does not have
        refusal = PermissionDenied(
            _("The key needs the scope %(scope)s.") % {"scope": needed[0]},
            code="insufficient_scope",
        )
        refusal.facts = {"scopes": list(needed)}  # type: ignore[attr-defined]  # read by config.lib.problem
        raise refusal


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # has no types
    target_class = "members.api.authentication.BearerKey"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


def forget() -> None:
    """Look every key up again at its next request."""
    _remembered.clear()
    _noted.clear()


def _caller(secret: str) -> Caller | None:
    digest = keys.digest(secret)
    moment = time.monotonic()
    known = _remembered.get(digest)
    if known is not None and moment - known[0] < REMEMBERED_SECONDS:
        return known[1]
    key = queries.api_key_of(digest=digest)
    if key is None:
        return None
    limit = key.requests_per_minute or settings.API_REQUESTS_PER_MINUTE
    caller = Caller(
        id=key.pk,
        name=key.name,
        scopes=frozenset(key.scopes),
        requests_per_minute=limit,
        expires_at=key.expires_at,
        revoked=key.revoked_at is not None,
        person_id=key.created_by_id,
    )
    if len(_remembered) >= REMEMBERED_KEYS:
        _remembered.clear()
    _remembered[digest] = (moment, caller)
    return caller


def _note(caller: Caller, now: datetime) -> None:
    moment = time.monotonic()
    if moment - _noted.get(caller.id, -NOTED_SECONDS) >= NOTED_SECONDS:
        _noted[caller.id] = moment
        keys.note_use(key_id=caller.id, at=now)
