from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reminder(models.Model):
    """Something the night found that somebody should look at; each raised once.

    `reference` says what it is about for ever: done is done, and the next night finds
    nothing new in it.
    """

    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    # `user:3`; empty when the cause went away by itself.
    done_by = models.CharField(max_length=80, blank=True)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                name="reminder_once",
                violation_error_message=_("This was raised already."),
            ),
        ]
        indexes = [
            # What is open, the oldest first.
            models.Index(
                fields=["id"],
                name="reminder_open",
                condition=models.Q(done_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.reference
