"""The only personal data of the product."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from config.lib.db import NumberFromId


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self) -> MemberQuerySet:
        """Members that were not merged into another."""
        return self.filter(merged_into__isnull=True)

    def in_stores(self, store_ids: frozenset[int] | None) -> MemberQuerySet:
        """Members whose home store is one of these; None is no limit."""
        return self if store_ids is None else self.filter(store_id__in=store_ids)


class Member(models.Model):
    """A person in the programme. `number` is what people see and say."""

    # Made by the database from the id, so bulk loads need no second step.
    number = models.GeneratedField(
        expression=NumberFromId("T"),
        output_field=models.CharField(max_length=20),
        db_persist=True,
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    # Pinyin of Chinese names, lower case: the cluster has no ICU to sort by.
    name_key = models.CharField(max_length=240, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    store = models.ForeignKey(
        "members.Store",
        verbose_name=_("home store"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    acquisition_channel = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=60, blank=True)
    batch = models.ForeignKey(
        "members.ImportBatch", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged"
    )
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = MemberQuerySet.as_manager()

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(fields=["number"], name="member_number"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="member_not_merged_into_itself",
                violation_error_message=_("A member cannot be merged into itself."),
            ),
        ]
        indexes = [
            # The member list by name and by joining day, keyset with the id.
            models.Index(fields=["name_key", "id"], name="member_by_name"),
            models.Index(fields=["joined_on", "id"], name="member_by_joining"),
            # Staff limited to stores, and the store filter.
            models.Index(fields=["store", "id"], name="member_by_store"),
            # Search: a name from its start, anywhere in it, and by pinyin.
            models.Index(
                OpClass("name", name="text_pattern_ops"), name="member_name_start"
            ),
            models.Index(
                OpClass("name_key", name="text_pattern_ops"),
                name="member_name_key_start",
            ),
            GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"), name="member_name_trigrams"
            ),
            # Undo of a batch.
            models.Index(
                fields=["batch"],
                name="member_by_batch",
                condition=Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class Identifier(models.Model):
    """A name by which a source knows a member; unique within its type.

    A bare identifier has its source as type; `email` and `phone` are normalised.
    """

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="identifiers"
    )
    type = models.CharField(max_length=60)
    value = models.CharField(max_length=200)
    source = models.CharField(max_length=60)
    # The load that added it; null once something else changed it.
    batch = models.ForeignKey(
        "members.ImportBatch",
        null=True,
        db_index=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["type", "value"],
                name="identifier_type_value",
                violation_error_message=_("This identifier belongs to another member."),
            ),
            models.CheckConstraint(
                condition=~Q(value=""),
                name="identifier_not_empty",
                violation_error_message=_("An identifier is not empty."),
            ),
        ]
        indexes = [
            # Search by any identifier, whatever its type, from its start.
            models.Index(
                OpClass("value", name="text_pattern_ops"), name="identifier_value"
            ),
            # A phone by its last digits.
            GinIndex(
                OpClass("value", name="gin_trgm_ops"),
                name="identifier_phone_trigrams",
                condition=Q(type="phone"),
            ),
            # Undo of a batch.
            models.Index(
                fields=["batch"],
                name="identifier_by_batch",
                condition=Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


class Attribute(models.Model):
    """A fact about a member with where it came from and when."""

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="attributes"
    )
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=400)
    source = models.CharField(max_length=60)
    recorded_on = models.DateField()
    # The load that added it; null once something else changed it.
    batch = models.ForeignKey(
        "members.ImportBatch",
        null=True,
        db_index=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "name", "source"], name="attribute_once_a_source"
            ),
        ]
        indexes = [
            # Undo of a batch.
            models.Index(
                fields=["batch"],
                name="attribute_by_batch",
                condition=Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Label(models.Model):
    """A word on a member from one moment to another; open while `until_at` is null."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=60)
    source = models.CharField(max_length=60)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "name", "source"],
                condition=Q(until_at__isnull=True),
                name="label_open_once",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")),
                name="label_period",
                violation_error_message=_("A label ends after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """What a member said of a channel and purpose at one moment. Append-only."""

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="consents"
    )
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=40, default="marketing")
    granted = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=60)
    text_version = models.CharField(max_length=40, blank=True)
    # The load that recorded it.
    batch = models.ForeignKey(
        "members.ImportBatch",
        null=True,
        db_index=False,
        on_delete=models.PROTECT,  # a consent is never rewritten
        related_name="+",
    )

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "channel", "purpose", "at", "source"],
                name="consent_once_a_moment",
            ),
        ]
        indexes = [
            # Undo of a batch.
            models.Index(
                fields=["batch"],
                name="consent_by_batch",
                condition=Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.purpose}: {'yes' if self.granted else 'no'}"


class Enrolment(models.Model):
    """What a till said when it made a member: the business key and its payload."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.CASCADE, related_name="enrolment"
    )
    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="enrolment_external_id",
                violation_error_message=_("This source has used the number before."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class ChangedMember(models.Model):
    """A mark that a member changed, left for the layer above to pick up and delete."""

    member_id = models.BigIntegerField()

    class Meta:
        app_label = "members"

    def __str__(self) -> str:
        return str(self.member_id)
