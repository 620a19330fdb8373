from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from loyalty.replay.rules import MAX_MONTHS
from members.programme.models import ProgrammeDraft


class ReplayForm(forms.Form):
    months = forms.IntegerField(
        label=_("Months of orders"),
        min_value=1,
        max_value=MAX_MONTHS,
        initial=12,
        help_text=_("The current month so far counts as one."),
    )
    rival = forms.ModelChoiceField(
        label=_("Compare with another draft"),
        queryset=ProgrammeDraft.objects.none(),
        required=False,
        empty_label=_("With today's rules alone"),
    )

    def __init__(
        self, *args: Any, rivals: QuerySet[ProgrammeDraft], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rival"]
        field.queryset = rivals  # type: ignore[attr-defined]  # a ModelChoiceField
        field.label_from_instance = lambda draft: draft.title  # type: ignore[attr-defined]  # as above
