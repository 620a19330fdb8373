"""What staff type about points. Limits that need the books are the services' own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import formats
from config.lib.days import DayField
from config.lib.formats import MINUS
from members.programme.points import MAX_POINTS

FIRST_DAY = date(1900, 1, 1)


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def _day(label: Any, *, hint: Any = "") -> DayField:
    return DayField(
        label=label,
        required=False,
        widget=day_input(),
        input_formats=["%Y-%m-%d"],
        help_text=hint,
        error_messages={"invalid": gettext_lazy("Give a day as 2026-03-31.")},
    )


class PointsField(forms.IntegerField):
    """A whole number of points, with whichever minus somebody types."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric"}))
        message = gettext_lazy("Give a whole number of points, for example 500.")
        given.setdefault("error_messages", {"invalid": message})
        super().__init__(max_value=MAX_POINTS, **given)

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip().replace(MINUS, "-").removeprefix("+")
        found: int | None = super().to_python(text)
        return found


class AsOfForm(forms.Form):
    """`as_of` is the day the answer is about, `known_on` whose knowledge it uses."""

    as_of = _day(gettext_lazy("As of the end of"))
    known_on = _day(gettext_lazy("As known on"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for name in ("as_of", "known_on"):
            self.fields[name].widget.attrs["max"] = today.isoformat()

    def clean_as_of(self) -> date | None:
        return self._past("as_of")

    def clean_known_on(self) -> date | None:
        return self._past("known_on")

    def _past(self, name: str) -> date | None:
        found: date | None = self.cleaned_data[name]
        if found is not None and not FIRST_DAY <= found <= self.today:
            raise forms.ValidationError(_("Give today or a day before it."))
        return found


class AdjustForm(forms.Form):
    points = PointsField(
        label=gettext_lazy("Points (− takes away)"), min_value=-MAX_POINTS
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The member may read it on the statement."),
    )
    expires_on = _day(
        gettext_lazy("Last day they are valid"),
        hint=gettext_lazy("Left empty, the programme’s rule decides."),
    )
    form = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, today: date, limit: int | None, language: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["expires_on"].widget.attrs["min"] = today.isoformat()
        if limit is not None:
            shown = formats.number(limit, language=language)
            hint = _("Above %(limit)s, up or down, a second person must approve.")
            self.fields["points"].help_text = hint % {"limit": shown}

    def clean_points(self) -> int:
        found: int = self.cleaned_data["points"]
        if found == 0:
            raise forms.ValidationError(_("Nought changes nothing: give more or less."))
        return found

    def clean_expires_on(self) -> date | None:
        found: date | None = self.cleaned_data["expires_on"]
        if found is None:
            return None
        if found < self.today or found.year > self.today.year + 100:
            raise forms.ValidationError(_("Give today or a later day."))
        if self.cleaned_data.get("points", 1) < 0:
            raise forms.ValidationError(
                _("Points that are taken away have no last day; leave it empty.")
            )
        return found


class WriteOffForm(forms.Form):
    points = PointsField(label=gettext_lazy("Points to give up"), min_value=1)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
    form = forms.UUIDField(widget=forms.HiddenInput)


class UndoForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, required=False
    )
