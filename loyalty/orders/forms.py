from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class PeriodForm(forms.Form):
    """Days of orders; whether they follow each other says `history.Period`."""

    first = forms.DateField(
        label=_("First day of orders"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for the first there is."),
    )
    last = forms.DateField(
        label=_("Last day of orders"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for the last there is."),
    )
