from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.approvals.enums import ApprovalState


class Approval(models.Model):
    """Something one person asked for and another one must decide.

    `payload` is what is done on approval, `facts` what the inbox shows of it. Authors
    and deciders are strings: `user:3`, `key:7`.
    """

    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    facts = models.JSONField(default=dict)
    author = models.CharField(max_length=80)
    state = models.CharField(
        max_length=8, choices=ApprovalState.choices, default=ApprovalState.PENDING
    )
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ApprovalState.PENDING, decided_at__isnull=True)
                | (~Q(state=ApprovalState.PENDING) & Q(decided_at__isnull=False)),
                name="approval_decided_once",
                violation_error_message=_("A decision says when it was made."),
            ),
            models.CheckConstraint(
                condition=~Q(author=models.F("decided_by")),
                name="approval_by_another",
                violation_error_message=_("Nobody approves what they asked for."),
            ),
        ]
        indexes = [
            # The inbox, newest first.
            models.Index(fields=["state", "-id"], name="approval_inbox"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
