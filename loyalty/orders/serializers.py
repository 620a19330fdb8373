"""What the API of orders takes, and the shapes of what it gives."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from loyalty.orders import rules
from members.api.fields import Body, Flag, MemberAddress, Moment, Points, Text

_MONEY = re.compile(r"-?\d{1,13}(\.\d{1,6})?", re.ASCII)
MOST_LINES = 1000
SOURCE_LENGTH = 60


@extend_schema_field({"type": "string", "pattern": r"^-?\d{1,13}(\.\d{1,6})?$"})
class Money(serializers.Field[Any, Any, Any, Any]):
    """A decimal string such as "12.50"; its places are judged with the currency."""

    default_error_messages = {
        "invalid": gettext_lazy('Give money as a decimal string, as "12.50".'),
        "negative": gettext_lazy("Give an amount that is not negative."),
    }

    def __init__(self, *, signed: bool = False, **kwargs: Any) -> None:
        self.signed = signed
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not _MONEY.fullmatch(data):
            self.fail("invalid")
        if data.startswith("-") and not self.signed:
            self.fail("negative")
        return data


class Quantity(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=rules.QUANTITY_DIGITS + rules.QUANTITY_PLACES,
            decimal_places=rules.QUANTITY_PLACES,
            min_value=0,
            **kwargs,
        )


class NewLine(Body):
    line_id = Text(max_length=rules.SKU_LENGTH, required=False, default="")
    sku = Text(max_length=rules.SKU_LENGTH, required=False, default="")
    category = Text(max_length=rules.CATEGORY_LENGTH, required=False, default="")
    quantity = Quantity(required=False)
    amount = Money(help_text="The line's total before points pay a part.")
    goods = Flag(
        required=False, default=True, help_text="False for gift cards and shipping."
    )
    margin = Money(required=False, signed=True)


def not_tern_s_own(value: str) -> None:
    if value.startswith("~"):
        words = _("~ at the beginning is Tern's own; give another number.")
        raise ValidationError(words, code="invalid")


class Number(Text):
    """What a source calls an order or a refund of its own."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", rules.EXTERNAL_ID_LENGTH - 1)
        super().__init__(**kwargs, validators=[not_tern_s_own])


class NewOrder(Body):
    external_id = Number()
    source = Text(  # type: ignore[assignment]  # a field, not the property
        max_length=SOURCE_LENGTH, required=False, default="external"
    )
    member = MemberAddress()
    placed_at = Moment()
    currency = Text(max_length=3, required=False)
    channel = Text(max_length=rules.CHANNEL_LENGTH, required=False, default="")
    store = Text(max_length=rules.STORE_LENGTH, required=False, default="")
    lines = NewLine(many=True, allow_empty=False, max_length=MOST_LINES)  # type: ignore[call-arg]  # many makes a list of it
    points_redeemed = Points(min_value=0, required=False, default=0)

    def validate_lines(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = [line["line_id"] for line in value if line["line_id"]]
        if len(set(named)) < len(named):
            words = _("Give each line its own line_id.")
            raise ValidationError(words, code="duplicate")
        return value


@extend_schema_field({"anyOf": [{"type": "string"}, {"type": "integer"}]})
class LineName(serializers.Field[Any, Any, Any, Any]):
    """A line's id, its line_id or its place from 1."""

    default_error_messages = {
        "invalid": gettext_lazy("Name a line by its line_id or its place from 1.")
    }

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, (str, int)) or data == "":
            self.fail("invalid")
        text = str(data)
        if len(text) > rules.SKU_LENGTH:
            self.fail("invalid")
        return text


class RefundLine(Body):
    line = LineName()
    quantity = Quantity(required=False)
    amount = Money(required=False, help_text="Of the line's total.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "quantity" in attrs and "amount" in attrs:
            words = _("Give a quantity or an amount, not both.")
            raise ValidationError({"amount": [ErrorDetail(words, code="one_of")]})
        return attrs


class NewRefund(Body):
    """Lines, an amount of the whole order, or all that is left of it."""

    external_id = Number()
    refunded_at = Moment()
    lines = RefundLine(
        many=True,
        required=False,
        allow_empty=False,
        max_length=MOST_LINES,  # type: ignore[call-arg]  # many makes a list of it
    )
    amount = Money(required=False)
    full = Flag(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ways = [name for name in ("lines", "amount", "full") if attrs.get(name)]
        if len(ways) != 1:
            words = _("Give one of lines, amount and full.")
            named = ways[-1] if ways else "lines"
            raise ValidationError({named: [ErrorDetail(words, code="one_of")]})
        return attrs


class Delivery(Body):
    delivered_at = Moment(required=False, help_text="Without it, now.")


class Cancellation(Body):
    cancelled_at = Moment(required=False, help_text="Without it, now.")


class NoQuery(Body):
    """An order takes no parameter."""


class LineShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    line = serializers.IntegerField(help_text="Its place from 1.")
    line_id = serializers.CharField()
    sku = serializers.CharField()
    category = serializers.CharField()
    quantity = serializers.CharField(allow_null=True)
    goods = serializers.BooleanField()
    amount = serializers.CharField(help_text="The line's total.")
    paid = serializers.CharField(help_text="What money paid of it.")
    points_awarded = serializers.IntegerField()


class RefundShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    refunded_at = Moment()
    refund_amount = serializers.CharField(help_text="In money.")
    points_reversed = serializers.IntegerField()
    points_restored = serializers.IntegerField()
    debt = serializers.IntegerField(help_text="What this refund left owed.")


class OrderShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field, not the property
    member = serializers.IntegerField()
    placed_at = Moment()
    currency = serializers.CharField()
    channel = serializers.CharField()
    store = serializers.CharField(allow_null=True)
    total = serializers.CharField()
    payable = serializers.CharField(help_text="The total less what points paid.")
    points_redeemed = serializers.IntegerField()
    points_awarded = serializers.IntegerField()
    discounts = serializers.ListField(child=serializers.JSONField())
    delivered_at = Moment(allow_null=True)
    cancelled_at = Moment(allow_null=True)
    lines = LineShape(many=True)
    refunds = RefundShape(many=True)


class DeliveredShape(OrderShape):
    points_activated = serializers.IntegerField()


class ParkedShape(serializers.Serializer[Any]):
    """The refund waits for its order."""

    code = serializers.CharField()
    external_id = serializers.CharField()
    order = serializers.CharField()
