"""What the API of points takes, and the shapes of what it gives."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from loyalty.points.enums import HoldState, TransferKind
from members.api.fields import (
    MOST_POINTS,
    Body,
    Day,
    DayOrMoment,
    MemberAddress,
    Moment,
    Points,
    Text,
    Whole,
)
from members.api.pages import PageQuery

REFERENCE_LENGTH = 120
REASON_LENGTH = 200
LONGEST_HOLD_DAYS = 366
DAY_SECONDS = 86_400


class CurrencyField(Text):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(
            max_length=20,
            help_text="A point currency; without it the one orders earn.",
            **kwargs,
        )


class PointsQuery(Body):
    as_of = DayOrMoment(required=False)
    known_at = DayOrMoment(required=False)
    currency = CurrencyField()


class EntriesQuery(PageQuery):
    as_of = DayOrMoment(required=False)
    known_at = DayOrMoment(required=False)
    currency = CurrencyField()


class LotQuery(Body):
    """A lot takes no parameter."""


class Adjustment(Body):
    points = Points(min_value=-MOST_POINTS, help_text="Below zero takes points.")
    reason = Text(max_length=REASON_LENGTH)
    occurred_at = Moment(required=False)
    expires_at = DayOrMoment(required=False)
    currency = CurrencyField()

    def validate_points(self, value: int) -> int:
        if value == 0:
            raise ValidationError(_("Give a number other than zero."), code="zero")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["points"] < 0 and "expires_at" in attrs:
            words = _("Points that are taken do not expire.")
            raise ValidationError({"expires_at": [ErrorDetail(words, code="invalid")]})
        return attrs


class Redemption(Body):
    points = Points()
    reference = Text(max_length=REFERENCE_LENGTH)
    occurred_at = Moment(required=False)
    reason = Text(
        max_length=REASON_LENGTH, required=False, default="", allow_blank=True
    )
    currency = CurrencyField()


class NewHold(Body):
    """How long: elapsed seconds, calendar days of the programme, or until a time; half
    an hour where nothing is said, as long as a checkout takes."""

    points = Points()
    reference = Text(max_length=REFERENCE_LENGTH)
    ttl_seconds = Whole(
        required=False, min_value=1, max_value=LONGEST_HOLD_DAYS * DAY_SECONDS
    )
    ttl_days = Whole(required=False, min_value=1, max_value=LONGEST_HOLD_DAYS)
    expires_at = DayOrMoment(required=False)
    currency = CurrencyField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ways = ("ttl_seconds", "ttl_days", "expires_at")
        told = [way for way in ways if way in attrs]
        if len(told) > 1:
            words = _("Give one of ttl_seconds, ttl_days and expires_at.")
            raise ValidationError({told[0]: [ErrorDetail(words, code="one_of")]})
        return attrs


class Capture(Body):
    points = Points(required=False, help_text="Without it, all that is held.")


class Empty(Body):
    """No field at all."""


class NewTransfer(Body):
    to = MemberAddress()
    points = Points()
    reason = Text(
        max_length=REASON_LENGTH, required=False, default="", allow_blank=True
    )
    currency = CurrencyField()


class Conversion(Body):
    """`from` and `to` are keys of point currencies between which there is a rate."""

    points = Points()
    to = Text(max_length=20)

    def get_fields(self) -> dict[str, Any]:
        # A name that Python keeps for itself.
        return {**super().get_fields(), "from": Text(max_length=20)}


class WriteOff(Body):
    points = Points(required=False, help_text="Without it, all that is owed.")
    reason = Text(max_length=REASON_LENGTH)
    currency = CurrencyField()


class Undo(Body):
    reason = Text(max_length=REASON_LENGTH)


class SourceShape(serializers.Serializer[Any]):
    """Where points came from. An order's lots name the order too."""

    kind = serializers.ChoiceField(choices=TransferKind.values)
    reference = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    order = serializers.IntegerField(required=False)
    external_id = serializers.CharField(required=False)


class LotShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    points = serializers.IntegerField()
    remaining = serializers.IntegerField()
    held = serializers.IntegerField()
    earned_at = Moment()
    available_at = Moment(allow_null=True)
    expires_at = Moment(allow_null=True)
    source = SourceShape()  # type: ignore[assignment]  # a field, not the argument


class ExpiringShape(serializers.Serializer[Any]):
    on = Day(help_text="The last valid day.")
    points = serializers.IntegerField()


class BalanceShape(serializers.Serializer[Any]):
    currency = serializers.CharField()
    balance = serializers.IntegerField()
    available = serializers.IntegerField()
    pending = serializers.IntegerField()
    held = serializers.IntegerField()
    debt = serializers.IntegerField()
    qualifying = serializers.IntegerField()
    expiring = ExpiringShape(many=True)
    lots = LotShape(many=True)


class LotPart(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    points = serializers.IntegerField()


class BaseEntryShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TransferKind.values)
    points = serializers.IntegerField(help_text="Below zero: points left the member.")
    reference = serializers.CharField()
    occurred_at = Moment()
    posted_at = Moment()
    version = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    actor = serializers.CharField()
    reverses = serializers.IntegerField(allow_null=True)
    parts = serializers.DictField(child=serializers.IntegerField(), allow_null=True)


class EntryLineShape(BaseEntryShape):
    running = serializers.IntegerField(help_text="The balance after this entry.")
    source = serializers.DictField()  # type: ignore[assignment]  # as above


class EntryPage(serializers.Serializer[Any]):
    results = EntryLineShape(many=True)
    next = serializers.CharField(allow_null=True)


class EntryShape(BaseEntryShape):
    """An entry with the lots it made, or took points from."""

    currency = serializers.CharField()
    lots = LotPart(many=True)


class HoldShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    currency = serializers.CharField()
    points = serializers.IntegerField()
    captured = serializers.IntegerField()
    state = serializers.ChoiceField(choices=HoldState.values)
    reference = serializers.CharField()
    placed_at = Moment()
    expires_at = Moment()
    resolved_at = Moment(allow_null=True)
    lots = LotPart(many=True)


class CapturedShape(HoldShape):
    entry = EntryShape()


class TakenShape(serializers.Serializer[Any]):
    entry = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TransferKind.values)
    points = serializers.IntegerField()
    occurred_at = Moment()
    posted_at = Moment()
    reference = serializers.CharField()


class ExplainedLotShape(serializers.Serializer[Any]):
    """Why these points are there, and where they went."""

    id = serializers.IntegerField()
    points = serializers.IntegerField()
    remaining = serializers.IntegerField()
    earned_at = Moment()
    available_at = Moment(allow_null=True)
    expires_at = Moment(allow_null=True)
    origin = serializers.IntegerField(allow_null=True)
    source = SourceShape()  # type: ignore[assignment]  # as above
    entry = EntryShape(allow_null=True)
    programme = serializers.DictField(allow_null=True)
    taken = TakenShape(many=True)
