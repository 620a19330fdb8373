from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.days import DayField


class PeriodForm(forms.Form):
    """Days of orders; whether they follow each other says `history.Period`."""

    first = DayField(
        label=_("First day of orders"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for the first there is."),
    )
    last = DayField(
        label=_("Last day of orders"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for the last there is."),
    )
