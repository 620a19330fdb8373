"""What staff type about tiers: a lock, and the sets, one tier a line."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.lib.days import DayField
from config.lib.errors import DomainError
from loyalty.points.forms import day_input
from members.programme import tiers as sets_of
from members.programme.rules import Settings
from members.programme.tiers import Tier, TierSet, plain

DOWNGRADES = [
    ("one_step", gettext_lazy("One tier down")),
    ("to_fit", gettext_lazy("To the tier that fits")),
]
VALIDITIES = [
    ("window", gettext_lazy("As long again as what is counted")),
    ("calendar_year", gettext_lazy("To the end of the calendar year")),
    ("membership_year", gettext_lazy("To the end of the year of membership")),
]
REASON = 200
# key | name | threshold | basis | window | factor | rights
PARTS = 7


class LockForm(forms.Form):
    tier = forms.ChoiceField(label=gettext_lazy("Not below"))
    until = DayField(
        label=gettext_lazy("Through"),
        widget=day_input(),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("Give a day as 2026-03-31.")},
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=REASON)

    def __init__(self, *args: Any, sets: tuple[TierSet, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        many = len(sets) > 1
        field = self.fields["tier"]
        field.choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (f"{one.key}:{tier.key}", f"{one.name}: {tier.name}" if many else tier.name)
            for one in sets
            for tier in reversed(one.tiers[1:])
        ]

    def told(self) -> tuple[str, str, date, str]:
        """The set, the tier, the day and why; call it on a valid form only."""
        tier_set, _colon, tier = self.cleaned_data["tier"].partition(":")
        return tier_set, tier, self.cleaned_data["until"], self.cleaned_data["reason"]


class UnlockForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=REASON)


class SetForm(forms.Form):
    """One set of tiers; left as it begins it is none."""

    key = forms.CharField(label=gettext_lazy("Key"), max_length=sets_of.NAME_LENGTH)
    name = forms.CharField(
        label=pgettext_lazy("of a set", "Name"),
        max_length=sets_of.NAME_LENGTH,
        required=False,
    )
    tiers = forms.CharField(
        label=gettext_lazy("Tiers, the lowest first"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "One a line: key | name | threshold | basis | window | factor | rights, as "
            "gold | Gold | 1000 | spend | rolling_12m | 1.5 | Free delivery; Lounge. Basis: "
            "spend, qualifying_points, balance or a metric (value_tier, stage, r, f, m). "
            "Window: rolling_12m, rolling_90d, calendar_year, membership_year, lifetime, month."
        ),
    )
    validity = forms.ChoiceField(
        label=gettext_lazy("A tier lasts"), choices=VALIDITIES, initial="window"
    )
    downgrade = forms.ChoiceField(
        label=gettext_lazy("Who does not reach it again falls"),
        choices=DOWNGRADES,
        initial="one_step",
    )
    grace_days = forms.IntegerField(
        label=gettext_lazy("Days of grace"),
        initial=0,
        min_value=0,
        max_value=sets_of.MAX_DAYS,
    )
    clawback_days = forms.IntegerField(
        label=gettext_lazy("Days in which returns take a tier back"),
        initial=TierSet(key="", name="", tiers=()).clawback_days,
        min_value=0,
        max_value=sets_of.MAX_DAYS,
    )

    def clean_tiers(self) -> str:
        text = str(self.cleaned_data["tiers"])
        for line in lines(text):
            if line.count("|") < 2 or line.count("|") >= PARTS:
                told = _("“%(line)s” cannot be read; write %(accepted)s.")
                accepted = _(
                    "key | name | threshold | basis | window | factor | rights"
                )
                raise forms.ValidationError(told % {"line": line, "accepted": accepted})
        return text

    def told(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "key": data["key"],
            "name": data["name"] or data["key"],
            "validity": data["validity"],
            "downgrade": data["downgrade"],
            "grace_days": data["grace_days"],
            "clawback_days": data["clawback_days"],
            "tiers": [_tier(line) for line in lines(data["tiers"])],
        }

    def refuse(self, rest: str, error: DomainError) -> None:
        """Put a refusal beside its field; one of a tier names the line."""
        name, _dot, place = rest.partition(".")
        text = str(error)
        number = place.split(".")[0]
        typed = lines(str(self.data.get(self.add_prefix("tiers"), "")))
        if number.isdigit() and int(number) < len(typed):
            values = {"line": typed[int(number)], "reason": text}
            text = _("In “%(line)s”: %(reason)s") % values
        self.add_error(name if name in self.fields else None, text)


class VersionForm(forms.Form):
    """What goes with a version of the rules, whatever changes."""

    effective_on = DayField(
        label=gettext_lazy("In force from"),
        required=False,
        widget=day_input(),
        help_text=gettext_lazy(
            "A day, from its beginning. Leave empty for from now on."
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("Why this changes"), max_length=200, required=False
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput)


SetForms = forms.formset_factory(
    SetForm, extra=1, can_delete=True, max_num=sets_of.MAX_SETS, absolute_max=20
)


def told_of(forms_of_sets: Any) -> list[SetForm]:
    """The sets that were typed; the empty one and those taken out are none."""
    return [
        one
        for one in forms_of_sets
        if one.cleaned_data.get("key") and not one.cleaned_data.get("DELETE")
    ]


def refuse(kept: list[SetForm], rest: forms.Form, refusal: DomainError) -> None:
    """Put what the rules refused beside the field of the set it is about."""
    parts = (refusal.field or "").split(".", 2)
    if parts[0] == "tier_sets" and len(parts) == 3 and int(parts[1]) < len(kept):
        kept[int(parts[1])].refuse(parts[2], refusal)
    else:
        known = {"effective_from": "effective_on"}
        name = known.get(refusal.field or "", "")
        rest.add_error(name if name in rest.fields else None, str(refusal))


def initial_of(settings: Settings) -> list[dict[str, Any]]:
    return [initial_set(one) for one in settings.tier_sets]


def initial_set(one: TierSet) -> dict[str, Any]:
    """What a form shows of a set; its own answer reads back equal."""
    names = ("key", "name", "validity", "downgrade", "grace_days", "clawback_days")
    told = {name: getattr(one, name) for name in names}
    return {**told, "tiers": "\n".join(_line(tier) for tier in one.tiers)}


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _line(tier: Tier) -> str:
    parts = [
        tier.key,
        tier.name,
        plain(tier.threshold),
        tier.metric or tier.basis,
        tier.window,
        plain(tier.multiplier),
        "; ".join(tier.benefits),
    ]
    return " | ".join(parts).removesuffix(" | ")


def _tier(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    names = ("key", "name", "threshold", "basis", "window", "multiplier", "benefits")
    told: dict[str, Any] = {
        name: part for name, part in zip(names, parts, strict=False) if part
    }
    if told.get("basis") in sets_of.METRICS:
        told |= {"basis": "metric", "metric": told["basis"]}
    rights = str(told.pop("benefits", "")).split(";")
    told["benefits"] = [one.strip() for one in rights if one.strip()]
    return told
