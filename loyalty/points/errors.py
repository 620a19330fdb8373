"""What the books refuse, by the code the kernel gives."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError


class PointsRefused(DomainError):
    """`facts` are the numbers behind the refusal."""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self.facts = facts


class InsufficientPoints(PointsRefused):
    code = "insufficient_points"
    field = "points"

    def __str__(self) -> str:
        if self.facts.get("debt"):
            return _("The member owes %(debt)s points; they are paid first.") % {
                "debt": self.facts["debt"]
            }
        return _("%(available)s points are available, %(asked)s are asked for.") % {
            "available": self.facts.get("available", 0),
            "asked": self.facts.get("asked", 0),
        }


class ReferenceConflict(PointsRefused):
    code = "reference_conflict"
    message = gettext_lazy("The reference was used for something else.")
    field = "reference"


class HoldResolved(PointsRefused):
    code = "hold_resolved"
    message = gettext_lazy("The hold was captured, released or timed out before.")


class HoldExceeded(PointsRefused):
    code = "hold_exceeded"
    message = gettext_lazy("More than was held cannot be captured.")
    field = "points"


class HoldOver(PointsRefused):
    code = "hold_over"
    message = gettext_lazy("The hold's time was over before its turn came.")
    field = "expires_at"


class ReversedAlready(PointsRefused):
    code = "reversed_already"
    message = gettext_lazy("More than was given cannot be taken back.")


class RestoredAlready(PointsRefused):
    code = "restored_already"
    message = gettext_lazy("More than was taken cannot be given back.")


class NotOwed(PointsRefused):
    code = "not_owed"
    message = gettext_lazy("The member does not owe that much.")
    field = "points"


class NotSpendable(PointsRefused):
    code = "not_spendable"
    message = gettext_lazy("These points are not for spending.")
    field = "currency"


class NotConvertible(PointsRefused):
    code = "not_convertible"
    message = gettext_lazy("The programme has no rate from these points to those.")
    field = "to"


class TooFewToConvert(PointsRefused):
    code = "too_few_to_convert"
    message = gettext_lazy("These points become less than one of the other kind.")
    field = "points"


class SameMember(PointsRefused):
    code = "same_member"
    message = gettext_lazy("Points go from one member to another.")
    field = "to"


class CannotUndo(PointsRefused):
    code = "cannot_undo"
    message = gettext_lazy("This entry cannot be undone; post another one.")


class Future(PointsRefused):
    code = "future"
    message = gettext_lazy("The time lies in the future.")
    field = "occurred_at"


BY_CODE: dict[str, type[PointsRefused]] = {
    one.code: one
    for one in (
        InsufficientPoints,
        ReferenceConflict,
        HoldResolved,
        HoldExceeded,
        HoldOver,
        ReversedAlready,
        RestoredAlready,
        NotOwed,
    )
}
