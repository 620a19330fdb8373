"""Which tier each member holds, held before, and why; who locked it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.tiers.enums import TierReason


class TierMembershipQuerySet(models.QuerySet["TierMembership"]):
    def held(self, *, at: datetime) -> TierMembershipQuerySet:
        """The rows in force at a moment; who has none is in the lowest tier."""
        return self.filter(valid_from__lte=at).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=at)
        )


class TierMembership(models.Model):
    """A member held a tier from `valid_from` until `valid_until`, if that is over.

    `earned_on` is the local day whose window reached the threshold, `ends_on` the last
    day of the time this gave; without one the tier is held for as long as it is
    reached. `previous` is what was held before, `run` the night that wrote the row.
    Rows are the history: they are closed, never removed.
    """

    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    tier_set = models.CharField(max_length=20)
    tier = models.CharField(max_length=20)
    previous = models.CharField(max_length=20)
    previous_ends_on = models.DateField(null=True)
    # Since when without a break, whatever renewed it.
    since = models.DateTimeField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    earned_on = models.DateField()
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=12, choices=TierReason.choices)
    version = models.IntegerField()
    actor = models.CharField(max_length=80, db_default="")
    run = models.DateTimeField(null=True)

    objects = TierMembershipQuerySet.as_manager()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "tier_set"],
                condition=Q(valid_until__isnull=True),
                name="tier_held_one",
                violation_error_message=_("A member holds one tier of a set."),
            ),
            models.UniqueConstraint(
                fields=["member", "tier_set", "run"],
                condition=Q(run__isnull=False),
                name="tier_one_change_a_night",
                violation_error_message=_("A night changes a tier once."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="tier_ends_after_it_begins",
            ),
        ]
        indexes = [
            # History of a member; what was held when an order was placed.
            models.Index(
                fields=["member", "tier_set", "-valid_from"], name="tier_of_member"
            ),
            # The night: whose time is over.
            models.Index(
                fields=["ends_on", "member"],
                name="tier_to_end",
                condition=Q(valid_until__isnull=True),
            ),
            # Members of a tier.
            models.Index(
                fields=["tier_set", "tier", "member"],
                name="tier_members",
                condition=Q(valid_until__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier_set} {self.tier} from {self.valid_from:%Y-%m-%d}"


class TierLockQuerySet(models.QuerySet["TierLock"]):
    def open(self, *, on: date) -> TierLockQuerySet:
        return self.filter(released_at__isnull=True, until__gte=on)


class TierLock(models.Model):
    """Nobody lowers this member's tier through `until`; staff said so, with a reason."""

    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    tier_set = models.CharField(max_length=20)
    tier = models.CharField(max_length=20)
    until = models.DateField()
    reason = models.CharField(max_length=200)
    author = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=80, db_default="")
    release_reason = models.CharField(max_length=200, db_default="")

    objects = TierLockQuerySet.as_manager()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="tier_lock_has_a_reason",
                violation_error_message=_("A lock has a reason."),
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | ~Q(released_by=""),
                name="tier_lock_released_by_somebody",
            ),
        ]
        indexes = [
            # A member's locks, and the night's look at those that hold.
            models.Index(fields=["member", "tier_set"], name="tier_lock_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.tier_set} {self.tier} until {self.until}"


class TierNotice(models.Model):
    """What a night changed for a member, all sets in one: what there is to tell.

    `moves` lists set, tiers and reason; a tier that was renewed is no move. Rows are
    what whoever sends messages picks up.
    """

    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    run = models.DateTimeField()
    moves = models.JSONField()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "run"],
                name="tier_one_notice_a_night",
                violation_error_message=_("A member is told once a night."),
            ),
        ]
        indexes = [
            # A night's notices, for whoever sends them.
            models.Index(fields=["run", "member"], name="tier_notices_of_night"),
        ]

    def __str__(self) -> str:
        return f"tiers at {self.run:%Y-%m-%d}"


class TierMetric(models.Model):
    """What the nightly run says of a member: `place` of a group, 1 is the lowest."""

    member = models.ForeignKey(
        "members.Member",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    metric = models.CharField(max_length=20)
    place = models.SmallIntegerField()
    as_of = models.DateField()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "metric"], name="tier_metric_of_member"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.place}"
