"""A member as the HTTP API takes and gives it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from members.api.fields import Body, Day, Flag, Moment, Text
from members.imports import texts
from members.imports.values import Bad
from members.profiles import rules
from members.programme import rules as programme

MOST_EXTRA = 100


class Reads(Text):
    """Text that a reader of imports normalises, so both doors agree."""

    def read(self, text: str) -> Any:
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> str:
        value = self.read(super().to_internal_value(data))
        if isinstance(value, Bad):
            raise ValidationError(value.detail, code=value.reason)
        if not value:
            self.fail("blank")
        return str(value)


class Email(Reads):
    def read(self, text: str) -> Any:
        return texts.email(text, field="email")


class Phone(Reads):
    def read(self, text: str) -> Any:
        return texts.phone(text, region=None, field="phone")


class Identifier(Reads):
    def read(self, text: str) -> Any:
        name = self.field_name or ""
        return texts.identifier(text, limit=texts.IDENTIFIER_LENGTH, field=name)


class Language(Text):
    default_error_messages = {"unknown": gettext_lazy("Choose one of: %(known)s.")}

    def to_internal_value(self, data: Any) -> str:
        words = super().to_internal_value(data)
        code = rules.language_of(words) if words else ""
        if code is None:
            known = ", ".join(rules.languages())
            text = str(self.error_messages["unknown"]) % {"known": known}
            raise ValidationError(text, code="unknown")
        return code


class Zone(Text):
    default_error_messages = {
        "unknown": gettext_lazy("Give an IANA time zone, for example Europe/Berlin.")
    }

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and name not in programme.zones():
            self.fail("unknown")
        return name


class Named(serializers.DictField):
    """An object of names, each with one value; a bad name is refused with itself."""

    def __init__(self, *, name_length: int, **kwargs: Any) -> None:
        self.name_length = name_length
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            wrong = {
                name: [ErrorDetail(_("This is too long or empty."), code="name")]
                for name in data
                if not 1 <= len(name.strip()) <= self.name_length
            }
            if wrong:
                raise ValidationError(wrong)
            if len(data) > MOST_EXTRA:
                raise ValidationError(
                    _("Give at most %(most)s.") % {"most": MOST_EXTRA}, code="too_many"
                )
        found: dict[str, Any] = super().to_internal_value(data)
        return {name.strip(): value for name, value in found.items()}


def _consents() -> Named:
    return Named(
        name_length=rules.CONSENT_CHANNEL_LENGTH,
        child=Flag(),
        required=False,
        help_text="By channel: may we? As {'email': true}.",
    )


class NewMember(Body):
    external_id = Identifier(max_length=texts.IDENTIFIER_LENGTH)
    source = Text(  # type: ignore[assignment]  # a field, not the argument
        max_length=60,
        required=False,
        default="external",
        help_text="Whose number this is; the type of the identifier.",
    )
    name = Text(
        max_length=rules.NAME_LENGTH, required=False, default="", allow_blank=True
    )
    email = Email(required=False)
    phone = Phone(required=False, help_text="With its country code, as +4930123456.")
    birthday = Day(required=False)
    joined_at = Moment(required=False)
    language = Language(required=False, default="", allow_blank=True)
    time_zone = Zone(required=False, default="", allow_blank=True)
    store = Text(max_length=rules.STORE_LENGTH, required=False)
    acquisition_channel = Text(
        max_length=rules.CHANNEL_LENGTH, required=False, default="", allow_blank=True
    )
    attributes = Named(
        name_length=rules.ATTRIBUTE_NAME_LENGTH,
        child=Text(max_length=rules.ATTRIBUTE_LENGTH),
        required=False,
    )
    consents = _consents()

    def validate_source(self, value: str) -> str:
        if value.lower() in ("email", "phone") or ":" in value:
            raise ValidationError(
                _("E-mail and phone have fields of their own."), code="reserved"
            )
        return value


class MemberChange(Body):
    name = Text(max_length=rules.NAME_LENGTH, required=False, allow_blank=True)
    email = Email(required=False, allow_null=True)
    phone = Phone(required=False, allow_null=True)
    birthday = Day(required=False, allow_null=True)
    language = Language(required=False, allow_blank=True)
    time_zone = Zone(required=False, allow_blank=True)
    store = Text(max_length=rules.STORE_LENGTH, required=False, allow_null=True)
    acquisition_channel = Text(
        max_length=rules.CHANNEL_LENGTH, required=False, allow_blank=True
    )
    attributes = Named(
        name_length=rules.ATTRIBUTE_NAME_LENGTH,
        child=Text(max_length=rules.ATTRIBUTE_LENGTH, allow_null=True),
        required=False,
    )
    consents = _consents()


class IdentifierShape(serializers.Serializer[Any]):
    type = serializers.CharField()
    value = serializers.CharField()


class ConsentShape(serializers.Serializer[Any]):
    granted = serializers.BooleanField()
    at = Moment()


class MemberShape(serializers.Serializer[Any]):
    """A member. `value` is what the values of the last run say, with their day; `tier`
    what it holds of the first set of tiers."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    birthday = Day(allow_null=True)
    joined_on = Day(allow_null=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    store = serializers.CharField(allow_null=True)
    acquisition_channel = serializers.CharField()
    identifiers = IdentifierShape(many=True)
    attributes = serializers.DictField(child=serializers.CharField())
    consents = serializers.DictField(child=ConsentShape())
    value = serializers.DictField(allow_null=True)
    tier = serializers.DictField(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
