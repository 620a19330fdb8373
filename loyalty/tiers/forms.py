"""What staff type about tiers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.points.forms import day_input
from members.programme.tiers import TierSet

REASON_LENGTH = 200
YEARS = 100


class LockForm(forms.Form):
    """A tier of any set; its choice says the set and the tier in one."""

    tier = forms.ChoiceField(label=gettext_lazy("Not below"))
    until = forms.DateField(
        label=gettext_lazy("Until the end of"),
        widget=day_input(),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("Give a day as 2026-03-31.")},
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_LENGTH)

    def __init__(
        self, *args: Any, today: date, sets: tuple[TierSet, ...], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["until"].widget.attrs["min"] = today.isoformat()
        self.fields["tier"].choices = [  # type: ignore[attr-defined]
            (one.name, [(f"{one.key}/{tier.key}", tier.name) for tier in one.tiers[1:]])
            for one in sets
        ]

    def clean_until(self) -> date:
        found: date = self.cleaned_data["until"]
        if found < self.today or found.year > self.today.year + YEARS:
            raise forms.ValidationError(_("Give today or a later day."))
        return found


class ReleaseForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_LENGTH)
