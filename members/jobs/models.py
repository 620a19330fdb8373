from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.jobs.enums import JobState

_OPEN = (JobState.QUEUED, JobState.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> JobQuerySet:
        return self.filter(state__in=_OPEN)

    def silent_since(self, *, at: datetime) -> JobQuerySet:
        """Running jobs whose worker gave no sign since `at`: it died."""
        return self.filter(state=JobState.RUNNING, heartbeat_at__lt=at)


class Job(models.Model):
    """Long work with progress, cancel and retry; the row outlives its worker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=JobState.choices, default=JobState.QUEUED
    )
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    retry_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values),
                name="job_state",
                violation_error_message=_("There is no such state."),
            ),
            models.CheckConstraint(
                condition=Q(total__isnull=True)
                | Q(done__gte=0, done__lte=F("total"), total__gte=0),
                name="job_progress",
                violation_error_message=_("Progress lies between 0 and the total."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN, finished_at__isnull=True)
                | (~Q(state__in=_OPEN) & Q(finished_at__isnull=False)),
                name="job_finished",
                violation_error_message=_("A job has an end if it is not open."),
            ),
        ]
        indexes = [
            # The jobs page, newest first.
            models.Index(fields=["-created_at", "id"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
