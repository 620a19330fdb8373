"""What the API of tiers takes, and the shapes of what it gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from members.api.fields import Body, Day, Moment, Text

KEY_LENGTH = 20
REASON_LENGTH = 200


class SetField(Text):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(
            max_length=KEY_LENGTH,
            help_text="A set of tiers; without it the first of the programme.",
            **kwargs,
        )


class TierQuery(Body):
    set = SetField()


class NewLock(Body):
    tier = Text(max_length=KEY_LENGTH)
    until = Day(help_text="The last day nobody lowers the tier.")
    reason = Text(max_length=REASON_LENGTH)
    set = SetField()


class Release(Body):
    reason = Text(max_length=REASON_LENGTH)


class LockShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    set = serializers.CharField()
    tier = serializers.CharField()
    until = Day()
    reason = serializers.CharField()
    author = serializers.CharField()
    created_at = Moment()
    released_at = Moment(allow_null=True)
    released_by = serializers.CharField()
    release_reason = serializers.CharField()


class NextShape(serializers.Serializer[Any]):
    """The tier above; money is a decimal string, points are whole numbers."""

    tier = serializers.CharField()
    name = serializers.CharField()
    basis = serializers.CharField()
    window = serializers.CharField()
    metric = serializers.CharField()
    threshold = serializers.JSONField()
    counted = serializers.JSONField()
    missing = serializers.JSONField()


class StandingShape(serializers.Serializer[Any]):
    """`until` is the last day of what was earned; null: for as long as it is reached."""

    set = serializers.CharField()
    tier = serializers.CharField()
    name = serializers.CharField()
    since = Moment(allow_null=True)
    until = Day(allow_null=True)
    grace_until = Day(allow_null=True)
    why = serializers.CharField()
    reason = serializers.CharField()
    earned_on = Day(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    multiplier = serializers.CharField()
    benefits = serializers.ListField(child=serializers.CharField())
    next = NextShape(allow_null=True)
    missing = serializers.JSONField(allow_null=True)
    locks = LockShape(many=True)


class HistoryShape(serializers.Serializer[Any]):
    set = serializers.CharField()
    tier = serializers.CharField()
    previous = serializers.CharField()
    until = Moment(allow_null=True)
    earned_on = Day()
    ends_on = Day(allow_null=True)
    reason = serializers.CharField()
    why = serializers.CharField()
    version = serializers.IntegerField()
    actor = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language.
        return {**super().get_fields(), "from": Moment()}


class TierShape(StandingShape):
    """The first set or the one asked for; `sets` has all, `history` what was held."""

    sets = StandingShape(many=True)
    history = HistoryShape(many=True)
