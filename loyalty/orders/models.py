from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty.orders.enums import OrderKind


class OrderQuerySet(models.QuerySet["Order"]):
    def orders(self) -> OrderQuerySet:
        return self.filter(kind=OrderKind.ORDER)

    def refunds(self) -> OrderQuerySet:
        return self.filter(kind=OrderKind.REFUND)

    def in_stores(self, store_ids: frozenset[int] | None) -> OrderQuerySet:
        """Orders of these stores; None is no limit."""
        return self if store_ids is None else self.filter(store_id__in=store_ids)


class Order(models.Model):
    """An order or a refund: one table, because both share a source's ids.

    `amount_minor` is net of discounts, in minor units, never negative: `kind` is
    the sign. `day` is the local day of `placed_at` in the programme's zone.
    """

    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=120)
    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="orders"
    )
    kind = models.CharField(max_length=6, choices=OrderKind.choices)
    refund_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="refunds"
    )
    placed_at = models.DateTimeField()
    day = models.DateField()
    amount_minor = models.BigIntegerField()
    margin_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    channel = models.CharField(max_length=40, blank=True)
    store = models.ForeignKey(
        "members.Store", null=True, on_delete=models.PROTECT, related_name="+"
    )
    batch = models.ForeignKey(
        "members.ImportBatch", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Points that paid a part, and what they paid; `amount_minor` is the rest.
    tender_points = models.BigIntegerField(db_default=0)
    tender_minor = models.BigIntegerField(db_default=0)
    delivered_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # How often a file corrected the order; what it earned has a key of each.
    revision = models.IntegerField(db_default=0)
    # Of what the source said, to tell the same order sent again from another.
    content_hash = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = OrderQuerySet.as_manager()

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="order_source_external_id",
                violation_error_message=_("This source has used the number already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrderKind.values),
                name="order_kind",
                violation_error_message=_("It is an order or a refund."),
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0),
                name="order_amount_not_negative",
                violation_error_message=_("The amount is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(kind=OrderKind.REFUND) | Q(refund_of__isnull=True),
                name="order_only_refunds_refer",
                violation_error_message=_("Only a refund refers to an order."),
            ),
        ]
        indexes = [
            # The member's timeline, newest first.
            models.Index(
                fields=["member", "-placed_at", "-id"], name="order_of_member"
            ),
            # Export of a month to facts.
            models.Index(fields=["day"], name="order_day"),
            # Refunds of an order.
            models.Index(
                fields=["refund_of"],
                name="order_refund_of",
                condition=Q(refund_of__isnull=False),
            ),
            # Undo of a batch.
            models.Index(
                fields=["batch"], name="order_batch", condition=Q(batch__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class RefundManager(models.Manager["Refund"]):
    def get_queryset(self) -> models.QuerySet[Refund]:
        return super().get_queryset().filter(kind=OrderKind.REFUND)


class Refund(Order):
    """Money given back, at its own date; `refund_of` names the order if known."""

    objects = RefundManager()  # type: ignore[assignment,misc]  # narrower than the parent's on purpose

    class Meta:
        app_label = "loyalty"
        proxy = True


class OrderLine(models.Model):
    """One kind of goods in an order, or in a refund the part that came back.

    `amount_minor` is what money paid of the line's total, `tender_minor` what points
    paid. `goods` is false for gift cards and shipping.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    line_no = models.IntegerField()
    sku = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=80, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    amount_minor = models.BigIntegerField()
    margin_minor = models.BigIntegerField(null=True)
    line_id = models.CharField(max_length=80, db_default="")
    goods = models.BooleanField(db_default=True)
    tender_minor = models.BigIntegerField(db_default=0)

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(fields=["order", "line_no"], name="order_line_no"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0),
                name="order_line_amount_not_negative",
                violation_error_message=_("The amount is not negative."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} line {self.line_no}"


class ParkedRefund(models.Model):
    """A refund that came before its order; applied when the order comes."""

    source = models.CharField(max_length=60)
    order_external_id = models.CharField(max_length=120)
    external_id = models.CharField(max_length=120)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    # Why it could not be applied when the order came; somebody must look.
    refused = models.CharField(max_length=60, db_default="")

    class Meta:
        app_label = "loyalty"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], name="parked_refund_once"
            ),
        ]
        indexes = [
            # What waits for an order.
            models.Index(
                fields=["source", "order_external_id"],
                name="parked_refund_waiting",
                condition=Q(applied_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class EarnBudget(models.Model):
    """Points orders hold under a limit for everybody; there only where one is set."""

    currency = models.CharField(max_length=20, primary_key=True)
    used = models.BigIntegerField()

    class Meta:
        app_label = "loyalty"

    def __str__(self) -> str:
        return f"{self.currency}: {self.used}"


class ChangedMonth(models.Model):
    """A mark that orders of a month changed, left for the facts to pick up."""

    month = models.DateField()

    class Meta:
        app_label = "loyalty"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
