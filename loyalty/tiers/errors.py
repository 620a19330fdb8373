"""What tiers refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError


class UnknownTier(DomainError):
    code = "unknown_tier"
    message = gettext_lazy("The programme has no such tier.")
    field = "tier"


class UnknownSet(UnknownTier):
    message = gettext_lazy("The programme has no such set of tiers.")
    field = "set"


class LockOver(DomainError):
    code = "lock_over"
    message = gettext_lazy("A lock ends today or later.")
    field = "until"


class NotLocked(DomainError):
    code = "not_locked"
    message = gettext_lazy("This lock was taken off or has ended.")
