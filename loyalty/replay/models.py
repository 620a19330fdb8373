from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Replay(models.Model):
    """Rules run over stored orders without touching the books.

    `sides` are the rule sets with their hash: today's first, then the draft, then
    another draft if two are compared. `state` holds what the members up to `after_id`
    came to, so a run that was stopped goes on behind them; `result` is the whole.
    """

    draft = models.ForeignKey(
        "members.ProgrammeDraft", on_delete=models.PROTECT, related_name="+"
    )
    rival = models.ForeignKey(
        "members.ProgrammeDraft", null=True, on_delete=models.PROTECT, related_name="+"
    )
    months = models.PositiveSmallIntegerField()
    first_on = models.DateField()
    as_of = models.DateTimeField()
    sides = models.JSONField()
    after_id = models.BigIntegerField(default=0)
    state = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, result__isnull=True)
                | Q(finished_at__isnull=False, result__isnull=False),
                name="replay_finished",
                violation_error_message=_("A replay has a result when it is done."),
            ),
        ]
        indexes = [
            # The replays of a draft, the newest first.
            models.Index(fields=["draft", "-id"], name="replay_of_draft"),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk}"
