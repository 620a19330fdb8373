"""Keys of the HTTP API: made, told apart, taken back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils.translation import gettext as _

from config.lib.errors import DomainError
from members.access import rules
from members.access.models import ApiKey

PREFIX = "tern_"
SHOWN = len(PREFIX) + 6
NAME_LENGTH = 80
# The minute tick reads them long before.
_USES_KEPT = 3600


class InvalidKey(DomainError):
    """A key cannot be made like this; `field` names what is wrong."""

    code = "invalid_key"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new key and its secret, which nobody can read again."""

    key: ApiKey
    secret: str


def digest(secret: str) -> str:
    """256 random bits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    *,
    name: str,
    scopes: Sequence[str],
    at: datetime,
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
    by_id: int | None = None,
) -> Made:
    """Make a key. Raises `InvalidKey` with the field at fault."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidKey(_("Give a name of 1 to 80 characters."), field="name")
    unknown = rules.unknown_scopes(scopes)
    if unknown or not scopes:
        known = ", ".join(rules.SCOPES)
        raise InvalidKey(
            _("Give one scope or more of: %(known)s.") % {"known": known},
            field="scopes",
        )
    if expires_at is not None and expires_at <= at:
        raise InvalidKey(_("Give a time that is still to come."), field="expires_at")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        prefix=secret[:SHOWN],
        digest=digest(secret),
        scopes=sorted(set(scopes)),
        requests_per_minute=requests_per_minute,
        created_by_id=by_id,
        created_at=at,
        expires_at=expires_at,
    )
    return Made(key=key, secret=secret)


def revoke(*, key_id: int, at: datetime) -> bool:
    """Take a key back; False if it had been. Every process obeys within seconds."""
    found = ApiKey.objects.filter(pk=key_id, revoked_at__isnull=True)
    return found.update(revoked_at=at) == 1


def note_use(*, key_id: int, at: datetime) -> None:
    """Remember a use outside the database: reading never writes there."""
    cache.set(_use(key_id), at, _USES_KEPT)


def save_uses() -> int:
    """Bring the database up to what was remembered; returns how many keys moved."""
    keys = {_use(key.pk): key for key in ApiKey.objects.filter(revoked_at__isnull=True)}
    moved = []
    for name, at in cache.get_many(list(keys)).items():
        key = keys[name]
        if key.last_used_at is None or key.last_used_at < at:
            key.last_used_at = at
            moved.append(key)
    return ApiKey.objects.bulk_update(moved, ["last_used_at"]) if moved else 0


def _use(key_id: int) -> str:
    return f"api-key-used:{key_id}"
