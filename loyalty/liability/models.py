"""The roll-ups of the books by day, written by the night and read by pages and metrics.

All of it can be thrown away and made again from transfers, lots and allocations, but
the periods of the journal that were closed: those are what was booked elsewhere.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from loyalty.liability.enums import Move


class LiabilityRun(models.Model):
    """One making of the roll-ups: what of the books it has seen, and whether they close.

    `seen` tells whether anything was posted since. `broken` names the first wrong rows.
    """

    at = models.DateTimeField()
    time_zone = models.CharField(max_length=60)
    last_day = models.DateField()
    seen = models.JSONField()
    closes = models.BooleanField()
    broken_count = models.IntegerField()
    broken = models.JSONField()
    cells = models.IntegerField()
    seconds = models.FloatField()

    class Meta:
        app_label = "loyalty"

    def __str__(self) -> str:
        return f"roll-forward up to {self.last_day}"


class LiabilityDay(models.Model):
    """A line of the roll-forward: one point currency, one local day.

    Points come from transfers; what they are at the close (pending, active, held of the
    active, owed) from lots, allocations, holds and debts. Money since the beginning.
    """

    currency = models.CharField(max_length=20)
    day = models.DateField()
    opening = models.BigIntegerField()
    earned = models.BigIntegerField()
    reversed = models.BigIntegerField()
    spent = models.BigIntegerField()
    restored = models.BigIntegerField()
    expired = models.BigIntegerField()
    adjusted = models.BigIntegerField()
    converted = models.BigIntegerField()
    written_off = models.BigIntegerField()
    closing = models.BigIntegerField()
    entries = models.BigIntegerField()
    pending = models.BigIntegerField()
    active = models.BigIntegerField()
    held = models.BigIntegerField()
    debt = models.BigIntegerField()
    allocated_minor = models.BigIntegerField(db_default=0)
    redeemed_minor = models.BigIntegerField(db_default=0)
    estimate_minor = models.BigIntegerField(db_default=0)
    cost_minor = models.BigIntegerField(db_default=0)
    rewards_minor = models.BigIntegerField(db_default=0)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "day"], name="liability_day_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    closing=F("opening")
                    + F("earned")
                    + F("reversed")
                    + F("spent")
                    + F("restored")
                    + F("expired")
                    + F("adjusted")
                    + F("converted")
                    + F("written_off")
                ),
                name="liability_day_adds_up",
                violation_error_message=_("A line of the roll-forward adds up."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}"


class LiabilityCell(models.Model):
    """Points of lots that moved on a day, by the month they were earned, the month they
    end, and where they came from. Signed as members see it; all cells up to a day sum to
    what their lots hold at its end."""

    currency = models.CharField(max_length=20)
    day = models.DateField()
    cohort = models.DateField()
    # Null: they never end.
    expires_in = models.DateField(null=True)
    source = models.CharField(max_length=40)
    move = models.CharField(max_length=12, choices=Move.choices)
    pending = models.BooleanField()
    points = models.BigIntegerField()
    entries = models.BigIntegerField()
    # What was paid for goods that earned these points, in minor units.
    price = models.BigIntegerField()
    # What a point was worth that day, in millionths of the currency.
    value = models.BigIntegerField()

    class Meta:
        app_label = "loyalty"
        indexes = [
            # The cohorts and the forecast of one currency as of a day.
            models.Index(fields=["currency", "day"], name="liability_cell_day"),
        ]

    def __str__(self) -> str:
        return f"{self.move} {self.points} on {self.day}"


class JournalPeriod(models.Model):
    """A month that was booked elsewhere: its lines never change again.

    `movements` holds a day's amounts by entry, `restated` what earlier closed months
    became otherwise since, `booked` all amounts since the beginning with this month.
    """

    currency = models.CharField(max_length=20)
    month = models.DateField()
    money = models.CharField(max_length=3)
    exponent = models.SmallIntegerField()
    movements = models.JSONField()
    restated = models.JSONField()
    booked = models.JSONField()
    accounts = models.JSONField()
    closed_at = models.DateTimeField()
    closed_by = models.CharField(max_length=80)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "month"], name="journal_period_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.month:%Y-%m}"
