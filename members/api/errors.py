from __future__ import annotations

from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError


class InProgress(DomainError):
    code = "in_progress"
    message = gettext_lazy("A request with this Idempotency-Key is still running.")
    retry_after = 1


class IdempotencyMismatch(DomainError):
    code = "idempotency_mismatch"
    message = gettext_lazy("This Idempotency-Key was used for another request.")
