"""Fields that take JSON as it is meant: no guesses from text, no half-times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from config.lib import days

# What every reader of JSON keeps exactly; far from the books' 64 bits.
MOST_POINTS = 2**53 - 1
LARGEST_ID = 2**63 - 1
ADDRESS_LENGTH = 300

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


class Body(serializers.Serializer[Any]):
    """Input, of a body or of a query. A name that is not listed is refused."""

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = {}
        if isinstance(data, dict):
            for name in data.keys() - self.fields.keys():
                known = ", ".join(self.fields)
                text = _("There is no such field. Known: %(known)s.") % {"known": known}
                errors[name] = [ErrorDetail(text, code="unknown_field")]
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if not errors or not isinstance(error.detail, dict):
                raise
            raise ValidationError({**errors, **error.detail}) from error
        if errors:
            raise ValidationError(errors)
        return value


class Whole(serializers.IntegerField):
    """A JSON integer: 1, not 1.0, not "1", not true."""

    default_error_messages = {"invalid": _("Give a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Points(Whole):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", MOST_POINTS)
        super().__init__(**kwargs)


class Text(serializers.CharField):
    default_error_messages = {"invalid": _("Give text.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"anyOf": [{"type": "string"}, {"type": "integer"}]})
class MemberAddress(Text):
    """A member: the id as answers give it, the number, or ~type:value."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", ADDRESS_LENGTH)
        kwargs.setdefault("help_text", "A member: id, number or ~type:value.")
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, int) and not isinstance(data, bool):
            data = str(data)
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    default_error_messages = {"invalid": _("Give true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "format": "date-time"})
class Moment(serializers.Field[Any, Any, Any, Any]):
    """An instant: ISO 8601 with its offset."""

    default_error_messages = {
        "invalid": _("Give a time with its offset, as 2026-03-01T12:00:00+01:00."),
        "out_of_range": _("Give a time between the years 1900 and 9000."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _MOMENT.fullmatch(data):
            self.fail("invalid")
        try:
            at = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not days.may_be(at):
            self.fail("out_of_range")
        return at.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "string", "format": "date"})
class Day(serializers.Field[Any, Any, Any, Any]):
    default_error_messages = {
        "invalid": _("Give a day, as 2026-03-01."),
        "out_of_range": _("Give a day between the years 1900 and 9000."),
    }

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not _DAY.fullmatch(data):
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not days.may_be(day):
            self.fail("out_of_range")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
        ]
    }
)
class DayOrMoment(serializers.Field[Any, Any, Any, Any]):
    """A local day of the programme, or an instant; which of the two is kept."""

    default_error_messages = {
        "invalid": _("Give a day as 2026-03-01 or a time with its offset."),
    }

    def to_internal_value(self, data: Any) -> date | datetime:
        if not isinstance(data, str):
            self.fail("invalid")
        kind = Day if _DAY.fullmatch(data) else Moment
        return kind().to_internal_value(data)
