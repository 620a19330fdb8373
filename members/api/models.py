from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class IdempotentRequest(models.Model):
    """The answer to a POST, kept to be given again to the same request."""

    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "key"],
                name="idempotent_request_once",
                violation_error_message=_("This key was used before."),
            ),
        ]
        indexes = [
            # The sweep of what is old.
            models.Index(fields=["created_at"], name="idempotent_request_age"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
