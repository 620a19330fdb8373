"""The books. Written by the kernel (`loyalty/migrations/sql/`) and by nothing else."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from loyalty.points.enums import HoldState, Role, TransferKind


class Account(models.Model):
    """Where points lie. A member's row caches what its lots, holds and debts say.

    The programme's own accounts keep no balance: it is the sum of their transfers,
    because a row that every posting writes would be a queue. `known_at` is up to when a
    member's books have been written: nothing is posted to them before it.
    """

    currency = models.CharField(max_length=20)
    role = models.CharField(max_length=12, choices=Role.choices)
    member = models.ForeignKey(
        "members.Member", null=True, on_delete=models.PROTECT, related_name="+"
    )
    unspent = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    debt = models.BigIntegerField(db_default=0)
    known_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "currency"],
                condition=Q(member__isnull=False),
                name="account_of_member",
            ),
            models.UniqueConstraint(
                fields=["role", "currency"],
                condition=Q(member__isnull=True),
                name="account_of_programme",
            ),
            models.CheckConstraint(
                condition=Q(role=Role.MEMBER, member__isnull=False)
                | (~Q(role=Role.MEMBER) & Q(member__isnull=True)),
                name="account_role",
                violation_error_message=_("An account is a member's or has a role."),
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0, unspent__gte=F("held"), debt__gte=0),
                name="account_never_below_zero",
                violation_error_message=_("Points are never below zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id or self.role} {self.currency}"


class Transfer(models.Model):
    """Points that went from one account to another. Rows are never changed.

    `occurred_at` is when it happened, `posted_at` when the books learnt of it.
    `reference` is the business key; `digest` tells a repeat from a conflict.
    `parts` says what each line of an order earned, or gave back.
    """

    currency = models.CharField(max_length=20)
    # No foreign key in the database: checking it would lock the programme's account in
    # every posting. The kernel names the accounts, `audit_ledger` proves they exist.
    debit_account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    credit_account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    points = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=TransferKind.choices)
    reference = models.CharField(max_length=200)
    digest = models.CharField(max_length=32, db_default="")
    occurred_at = models.DateTimeField()
    posted_at = models.DateTimeField()
    reverses = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    version = models.IntegerField(null=True)
    parts = models.JSONField(null=True)
    reason = models.CharField(max_length=200, db_default="")
    actor = models.CharField(max_length=80, db_default="")

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="transfer_reference"),
            models.CheckConstraint(
                condition=Q(points__gt=0), name="transfer_moves_points"
            ),
            models.CheckConstraint(
                condition=~Q(debit_account=F("credit_account")),
                name="transfer_between_two",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=TransferKind.values), name="transfer_kind"
            ),
        ]
        indexes = [
            # A member's statement, and the sums of the programme's accounts.
            models.Index(fields=["debit_account", "id"], name="transfer_debit"),
            models.Index(fields=["credit_account", "id"], name="transfer_credit"),
            # The days of Points today. Rows come nearly in the order of time, so a
            # summary of ranges is enough and costs a posting next to nothing; several
            # ranges a block bear the imports of old orders in between.
            BrinIndex(
                OpClass("occurred_at", name="timestamptz_minmax_multi_ops"),
                name="transfer_day",
                autosummarize=True,
            ),
            # What was taken back or given back of a transfer.
            models.Index(
                fields=["reverses"],
                name="transfer_reverses",
                condition=Q(reverses__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points} {self.reference}"


class Lot(models.Model):
    """Points that came together and expire together.

    `remaining` and `held` are caches of allocations and open holds. `available_at`
    may only come nearer (delivery), `expires_at` only later and only if `rolling`.
    """

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="lots", db_index=False
    )
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="lots"
    )
    points = models.BigIntegerField()
    remaining = models.BigIntegerField()
    # In the conditions of indexes in place of `remaining`: what an index mentions may
    # not change if an update is to leave all indexes alone, and this changes last of all.
    has_points = models.GeneratedField(
        expression=GreaterThan(F("remaining"), 0),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    held = models.BigIntegerField(db_default=0)
    earned_at = models.DateTimeField()
    # Null: not before it is delivered.
    available_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    rolling = models.BooleanField(db_default=False)
    origin = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0)
                & Q(held__gte=0, remaining__gte=F("held"))
                & Q(points__gte=F("remaining")),
                name="lot_never_below_zero",
                violation_error_message=_("Points are never below zero."),
            ),
        ]
        indexes = [
            # Spending: the lots of an account that still hold points.
            models.Index(
                fields=["account", "expires_at", "earned_at"],
                name="lot_to_spend",
                condition=Q(has_points=True),
            ),
            # The night's work: what expires, and what became available later than earned.
            models.Index(
                fields=["expires_at"],
                name="lot_to_expire",
                condition=Q(has_points=True, expires_at__isnull=False),
            ),
            models.Index(
                fields=["available_at"],
                name="lot_available",
                condition=Q(available_at__gt=F("earned_at")),
            ),
            # Lots of a member, whatever is left; as-of reads.
            models.Index(fields=["account", "id"], name="lot_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.points}"


class Allocation(models.Model):
    """Which points of which lot a transfer took; below zero, what it gave back."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations")
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="allocations"
    )
    points = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    posted_at = models.DateTimeField()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.CheckConstraint(
                condition=~Q(points=0), name="allocation_moves_points"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points} of lot {self.lot_id}"


class Debt(models.Model):
    """What a return could not take back: owed, and paid by what comes next."""

    transfer = models.OneToOneField(
        Transfer, primary_key=True, on_delete=models.PROTECT, related_name="debt"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    points = models.BigIntegerField()
    remaining = models.BigIntegerField()
    incurred_at = models.DateTimeField()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0, remaining__gte=0)
                & Q(remaining__lte=F("points")),
                name="debt_never_below_zero",
            ),
        ]
        indexes = [
            # Paying, and the list of debts by age.
            models.Index(
                fields=["account", "incurred_at"],
                name="debt_open",
                condition=Q(remaining__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.points}"


class Hold(models.Model):
    """Points set aside until captured, released, or their time is over."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="holds", db_index=False
    )
    points = models.BigIntegerField()
    captured = models.BigIntegerField(db_default=0)
    state = models.CharField(max_length=8, choices=HoldState.choices, db_default="open")
    reference = models.CharField(max_length=200)
    digest = models.CharField(max_length=32)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "reference"], name="hold_reference"
            ),
            models.CheckConstraint(
                condition=Q(points__gt=0, captured__gte=0)
                & Q(captured__lte=F("points")),
                name="hold_points",
            ),
            models.CheckConstraint(
                condition=Q(state=HoldState.OPEN, resolved_at__isnull=True)
                | (~Q(state=HoldState.OPEN) & Q(resolved_at__isnull=False)),
                name="hold_resolves_once",
            ),
        ]
        indexes = [
            # Holds whose time is over.
            models.Index(
                fields=["expires_at"], name="hold_open", condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points} {self.state}"


class HoldAllocation(models.Model):
    """Which lots a hold set points aside in; fixed when it is placed."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="allocations")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    points = models.BigIntegerField()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(fields=["hold", "lot"], name="hold_lot_once"),
            models.CheckConstraint(
                condition=Q(points__gt=0), name="hold_allocation_points"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points} of lot {self.lot_id}"


class Activation(models.Model):
    """A lot became available: written once, dated by its rule, whoever was late."""

    lot = models.OneToOneField(
        Lot, primary_key=True, on_delete=models.PROTECT, related_name="activation"
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "loyalty"

    def __str__(self) -> str:
        return f"lot {self.lot_id} at {self.at:%Y-%m-%d %H:%M}"


class NightlyRun(models.Model):
    """One night's work, known by its as-of; `steps` are those done, with their counts."""

    as_of = models.DateTimeField(unique=True)
    steps = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "loyalty"

    def __str__(self) -> str:
        return f"night of {self.as_of:%Y-%m-%d %H:%M}"
