from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.imports.enums import ImportKind, ImportState


class ImportBatch(models.Model):
    """One load of one file: what was read, what became of it, how far it is."""

    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    source = models.CharField(max_length=60)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.STAGING
    )
    read = models.BigIntegerField(default=0)
    loaded = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    members_created = models.BigIntegerField(default=0)
    # Rows of staging up to this position are applied and committed.
    applied_to = models.BigIntegerField(default=0)
    # What the summary tells besides the counts, and what a restart needs to know.
    details = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    job = models.ForeignKey(
        "members.Job", null=True, on_delete=models.SET_NULL, related_name="batches"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ImportKind.values),
                name="import_batch_kind",
                violation_error_message=_("There is no such kind of import."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values),
                name="import_batch_state",
                violation_error_message=_("There is no such state."),
            ),
        ]
        indexes = [
            # Start the same file again: find the load that was interrupted.
            models.Index(fields=["file_hash", "kind", "source"], name="import_file"),
            # The imports page, newest first.
            models.Index(fields=["-created_at", "-id"], name="import_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class Upload(models.Model):
    """A file somebody brought by browser, until it is loaded or forgotten.

    The bytes lie in UPLOADS_DIR under the id; `facts` is what was found out about
    them, so that no page reads the whole file again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    source = models.CharField(max_length=60)
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    facts = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    # The last dry run, and the load, if they were started.
    check_job = models.ForeignKey(
        "members.Job", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    job = models.ForeignKey(
        "members.Job", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    # When the bytes were removed; the row goes with its batch.
    removed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ImportKind.values),
                name="upload_kind",
                violation_error_message=_("There is no such kind of import."),
            ),
        ]
        indexes = [
            # The sweep of files nobody needs any more.
            models.Index(
                fields=["created_at"],
                name="upload_present",
                condition=Q(removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class RejectedRow(models.Model):
    """A row that could not be loaded, kept for mending until `expires_at`.

    `raw` may hold personal data, which is why it expires.
    """

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="rejects"
    )
    line = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=400, blank=True)
    raw = models.JSONField(default=dict)
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        indexes = [
            # The rejects of a batch in file order.
            models.Index(fields=["batch", "line", "id"], name="rejected_row_of_batch"),
            # The sweep of expired rows.
            models.Index(fields=["expires_at"], name="rejected_row_expiry"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
