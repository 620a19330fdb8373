from __future__ import annotations

from django.conf import settings as conf
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
