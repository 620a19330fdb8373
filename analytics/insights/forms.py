from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from analytics.insights import rules
from members.programme.rules import RFM_RULES, RFM_WINDOWS, Settings

SHOW_MEMBERS, SHOW_SPEND = "members", "spend"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What the RFM page is asked: how to score, and what to colour by."""

    rule: str
    window: str
    show: str

    def url(self, **changes: str) -> str:
        """This is the page's address with something changed."""
        asked = {"rule": self.rule, "window": self.window, "show": self.show}
        return f"?{urlencode(asked | changes)}"


class PeriodForm(forms.Form):
    """Overview's URL; anything else is the usual period."""

    days = forms.TypedChoiceField(
        choices=[(days, days) for days in rules.PERIODS], coerce=int, required=False
    )

    def chosen(self) -> int:
        days: int | str = self.cleaned_data.get("days", "") if self.is_valid() else ""
        return int(days or rules.USUAL_PERIOD)


class ScoresForm(forms.Form):
    rule = forms.ChoiceField(
        label=_("Rule for ties"), choices=[(r, r) for r in RFM_RULES], required=False
    )
    window = forms.ChoiceField(
        label=_("Window"), choices=[(w, w) for w in RFM_WINDOWS], required=False
    )
    show = forms.ChoiceField(
        label=_("Show"),
        choices=[(SHOW_MEMBERS, ""), (SHOW_SPEND, "")],
        required=False,
    )

    def asked(self, *, settings: Settings) -> Scored:
        """Return what is asked; call it on a valid form only."""
        data = self.cleaned_data
        return Scored(
            rule=data["rule"] or settings.rfm_rule,
            window=data["window"] or settings.rfm_window,
            show=data["show"] or SHOW_MEMBERS,
        )


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What the retention page is asked: days of activity, and the moves' two ends."""

    days: int
    start: date
    end: date


class RetentionForm(forms.Form):
    """`until` is the end of a month, `back` how many months before it moves start."""

    days = forms.IntegerField(
        label=_("Days that make a member active"), min_value=1, max_value=3660
    )
    until = forms.TypedChoiceField(
        label=_("Moves up to the end of"), coerce=date.fromisoformat
    )
    back = forms.TypedChoiceField(label=_("Compared with"), coerce=int)

    def __init__(self, *args: Any, ends: list[tuple[date, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].choices = [  # type: ignore[attr-defined]  # a choice field
            (day.isoformat(), text) for day, text in ends
        ]
        self.fields["back"].choices = [  # type: ignore[attr-defined]  # a choice field
            (n, ngettext("%(n)s month before", "%(n)s months before", n) % {"n": n})
            for n in rules.MONTHS_BACK
        ]

    def asked(self) -> Retained:
        """Return what is asked; call it on a valid form only."""
        end = self.cleaned_data["until"]
        return Retained(
            days=self.cleaned_data["days"],
            start=rules.months_before(end, self.cleaned_data["back"]),
            end=end,
        )
