"""What each member is worth, as of the last run, and the runs."""

from __future__ import annotations

from fractions import Fraction

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from analytics.metrics.enums import Stage, ValueTier
from analytics.values.enums import RunState


class ValueRunQuerySet(models.QuerySet["ValueRun"]):
    def done(self) -> ValueRunQuerySet:
        return self.filter(state=RunState.DONE)

    def current(self) -> ValueRunQuerySet:
        """Runs whose rows MemberValue held when they ended, newest first."""
        return self.done().filter(snapshot="").order_by("-pk")


class ValueRun(models.Model):
    """One computation of every member's values at the end of a day.

    `snapshot` is the Parquet file of a past day; where it is empty the run replaced
    the current values. `bounds` says between which measures each score lies, `scored`
    how many members have scores.
    """

    as_of = models.DateField()
    state = models.CharField(max_length=8, choices=RunState.choices)
    rows = models.BigIntegerField(default=0)
    scored = models.BigIntegerField(default=0)
    bounds = models.JSONField(default=dict)
    settings_number = models.PositiveIntegerField()
    facts_version = models.CharField(max_length=64, blank=True)
    snapshot = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=2000, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ValueRunQuerySet.as_manager()

    class Meta:
        app_label = "analytics"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, finished_at__isnull=True)
                | (~Q(state=RunState.RUNNING) & Q(finished_at__isnull=False)),
                name="value_run_ends_once",
                violation_error_message=_("A run that has ended says when."),
            ),
        ]
        indexes = [
            # The run behind the current values, and readyz's last recompute.
            models.Index(fields=["state", "-id"], name="value_run_last"),
        ]

    def __str__(self) -> str:
        return f"values as of {self.as_of}"


class MemberValue(models.Model):
    """One row a member. Rebuilt whole: the run loads a new table and renames it in.

    Sums are absolute facts; `recency_days`, scores, stage and tier hold at the run's
    day. Prospects have no recency, scores or tier. Columns are declared in the order
    and types in which services.write sends them.
    """

    member = models.OneToOneField(
        "members.Member",
        primary_key=True,
        db_constraint=False,  # a table that is renamed in would carry the check along
        on_delete=models.DO_NOTHING,
        related_name="value",
    )
    external_id = models.TextField()
    joined_on = models.DateField(null=True)
    orders = models.BigIntegerField()
    refunds = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField()
    spend_minor = models.BigIntegerField()
    orders_12m = models.BigIntegerField()
    spend_12m_minor = models.BigIntegerField()
    categories = models.BigIntegerField()
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    recency_days = models.BigIntegerField(null=True)
    r = models.SmallIntegerField(null=True)
    f = models.SmallIntegerField(null=True)
    m = models.SmallIntegerField(null=True)
    cell = models.TextField(null=True)  # noqa: DJ001  null is "not scored", not a cell named ''
    stage = models.TextField(choices=Stage.choices)
    value_tier = models.TextField(choices=ValueTier.choices, null=True)  # noqa: DJ001  as above
    run = models.ForeignKey(
        ValueRun,
        db_constraint=False,
        db_index=False,
        on_delete=models.DO_NOTHING,
        related_name="+",
    )

    class Meta:
        app_label = "analytics"
        indexes = [
            # The member list's sorts, keyset with the member's id.
            models.Index(F("spend_minor").desc(), "member", name="member_value_spend"),
            models.Index(F("orders").desc(), "member", name="member_value_orders"),
            models.Index(
                F("last_on").desc(nulls_last=True), "member", name="member_value_last"
            ),
            # The members behind an RFM cell, a stage, a tier.
            models.Index(fields=["cell", "member"], name="member_value_cell"),
            models.Index(fields=["stage", "member"], name="member_value_stage"),
            models.Index(fields=["value_tier", "member"], name="member_value_tier"),
        ]

    def __str__(self) -> str:
        return f"value of member {self.member_id}"

    @property
    def aov_minor(self) -> int | None:
        """Net spend an order, to the minor unit, halves to even."""
        return round(Fraction(self.spend_minor, self.orders)) if self.orders else None
