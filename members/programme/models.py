from __future__ import annotations

from django.conf import settings as conf
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.programme.enums import DraftState


class ProgrammeVersion(models.Model):
    """One dated version of every rule and setting. Rows are never changed."""

    number = models.PositiveIntegerField()
    settings = models.JSONField()
    effective_from = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        conf.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    # Who published it and which second person agreed: `user:3` or `key:7`.
    published_by = models.CharField(max_length=80, db_default="")
    approved_by = models.CharField(max_length=80, db_default="")

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="programme_version_number",
                violation_error_message=_("This version exists already."),
            ),
            models.CheckConstraint(
                condition=Q(effective_from__isnull=False) | Q(number__lte=2),
                name="programme_version_first_is_from_the_beginning",
                violation_error_message=_(
                    "Only the first versions are in force from the beginning; later ones have a date."
                ),
            ),
            models.CheckConstraint(
                condition=Q(effective_from__isnull=True) | Q(number__gt=1),
                name="programme_version_one_has_no_date",
                violation_error_message=_("Version 1 is in force from the beginning."),
            ),
        ]
        indexes = [
            # settings_at: the version in force at a moment.
            models.Index(
                fields=["-effective_from", "-number"], name="programme_version_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class ProgrammeDraft(models.Model):
    """A version in the making: the whole settings, changed as often as one likes.

    `authors` are all who wrote in it; none of them may be its second person. `revision`
    counts its changes: who saves over a change they have not seen is told.
    """

    title = models.CharField(max_length=80)
    settings = models.JSONField()
    based_on = models.PositiveIntegerField()
    # Null: in force from the moment it is published.
    effective_from = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=9, choices=DraftState.choices, default=DraftState.OPEN
    )
    authors = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    approval = models.ForeignKey(
        "members.Approval", null=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.OneToOneField(
        ProgrammeVersion, null=True, on_delete=models.PROTECT, related_name="draft"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=DraftState.PUBLISHED, version__isnull=False)
                | (~Q(state=DraftState.PUBLISHED) & Q(version__isnull=True)),
                name="programme_draft_published",
                violation_error_message=_("A published draft is a version."),
            ),
            models.CheckConstraint(
                condition=~Q(state=DraftState.WAITING) | Q(approval__isnull=False),
                name="programme_draft_waits_for_somebody",
                violation_error_message=_("A draft waits for a decision."),
            ),
        ]
        indexes = [
            # The list of drafts, the newest first.
            models.Index(fields=["state", "-id"], name="programme_draft_list"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"
