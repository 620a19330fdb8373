from __future__ import annotations

from datetime import date

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import days
from config.lib.days import DayField


class MonthField(forms.CharField):
    """A month as 2026-10; its value is the first day."""

    def clean(self, value: object) -> date:
        text = str(super().clean(value))
        try:
            return days.parse(f"{text}-01")
        except ValueError:
            raise forms.ValidationError(
                _("Give a month as 2026-10: four digits, a dash, two digits.")
            ) from None


class JournalForm(forms.Form):
    """Which month, of which point currency, and whether lines are days or the month."""

    month = MonthField(label=gettext_lazy("Month"), max_length=7)
    by = forms.ChoiceField(
        label=gettext_lazy("Lines"),
        choices=[("month", gettext_lazy("Month")), ("day", gettext_lazy("Day"))],
        required=False,
    )

    def clean_by(self) -> str:
        return self.cleaned_data["by"] or "month"


class AsOfForm(forms.Form):
    as_of = DayField(
        label=gettext_lazy("As of the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
