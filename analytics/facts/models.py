from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.facts.enums import FactsKind


class FactsSegmentQuerySet(models.QuerySet["FactsSegment"]):
    def live(self) -> FactsSegmentQuerySet:
        """What readers open now: one segment a kind and month."""
        return self.filter(retired_at__isnull=True)


class FactsSegment(models.Model):
    """A folder of Parquet files, never changed once sealed: a month, all members, or
    all days of points.

    The live rows are the manifest. A segment replaced by a newer one is retired, and
    its files stay a while for whoever opened the manifest before.
    """

    kind = models.CharField(max_length=8, choices=FactsKind.choices)
    month = models.DateField(null=True)
    path = models.CharField(max_length=300)
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = FactsSegmentQuerySet.as_manager()

    class Meta:
        app_label = "analytics"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "month"],
                condition=Q(retired_at__isnull=True),
                nulls_distinct=False,
                name="facts_segment_one_live_a_month",
                violation_error_message=_("This month is sealed already."),
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[FactsKind.MEMBERS, FactsKind.POINTS], month__isnull=True
                )
                | Q(kind__in=[FactsKind.ORDERS, FactsKind.LINES], month__isnull=False),
                name="facts_segment_members_have_no_month",
                violation_error_message=_("Orders and lines are kept by month."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m}" if self.month else self.kind
