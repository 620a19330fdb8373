"""The form of the rules of points: lists are one entry a line, so it works as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import pgettext_lazy as pgettext

from config.lib.days import DayField
from config.lib.errors import DomainError
from members.programme import points, rules
from members.programme.rules import Settings

ROUNDINGS = [
    ("floor", gettext_lazy("Down")),
    ("half_up", gettext_lazy("To the nearest point")),
]
PER = [
    ("order", gettext_lazy("Once per order")),
    ("line", gettext_lazy("For each line")),
]
BASES = [
    ("net_goods", gettext_lazy("Goods alone")),
    ("net_paid", gettext_lazy("All that is paid, gift cards and shipping too")),
]
MOMENTS = [
    ("time", gettext_lazy("After the days of waiting")),
    ("delivery", gettext_lazy("On delivery, at the latest after the days of waiting")),
]
ENDS = [
    ("none", gettext_lazy("That day")),
    ("month", gettext_lazy("The end of that month")),
    ("quarter", gettext_lazy("The end of that quarter")),
    ("half_year", gettext_lazy("The end of that half-year")),
    ("year", gettext_lazy("The end of that year")),
]
COUNTED_FROM = [
    ("lot", gettext_lazy("The day they were earned")),
    ("inactivity", gettext_lazy("The last day the member earned or spent")),
]
CLAWBACKS = [
    ("own_then_debt", gettext_lazy("Take them back; what is missing is owed")),
    ("not_below_zero", gettext_lazy("Take back what is there")),
    ("pending_only", gettext_lazy("Take back what cannot be used yet")),
]
YES, NO = "yes", "no"


def _number(label: Any, *, low: int = 0, required: bool = True, **more: Any) -> Any:
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=points.MAX_POINTS,
        required=required,
        **more,
    )


def _lines(label: Any, help_text: Any, *, required: bool = False) -> Any:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(
        label=label, help_text=help_text, required=required, widget=widget
    )


def _choice(label: Any, choices: list[tuple[str, Any]]) -> Any:
    return forms.ChoiceField(label=label, choices=choices)


class PointsForm(forms.Form):
    """The shape of the rules of points; what is accepted says `programme.points`."""

    earns = forms.BooleanField(
        label=gettext_lazy("Purchases earn points"), required=False
    )
    points = _number(pgettext("how many", "Points"))
    per_amount = forms.DecimalField(label=gettext_lazy("For every amount of"))
    base = _choice(gettext_lazy("The amount is of"), BASES)
    rounding = _choice(gettext_lazy("Round"), ROUNDINGS)
    per = _choice(gettext_lazy("Round how often"), PER)
    excluded_categories = _lines(
        gettext_lazy("Categories that earn nothing"), gettext_lazy("One a line.")
    )
    multipliers = _lines(
        gettext_lazy("Categories that count more or less"),
        gettext_lazy("One a line: category = factor, as Tea = 2."),
    )
    bonuses = _lines(
        gettext_lazy("Bonus periods"),
        gettext_lazy(
            "One a line: name | first day | last day | factor, as "
            "Spring | 2026-03-01 | 2026-03-07 | 2. A day may be left out."
        ),
    )
    cap_day = _number(gettext_lazy("At most a member and day"), required=False)
    cap_month = _number(gettext_lazy("At most a member and month"), required=False)
    cap_total = _number(gettext_lazy("At most all together"), required=False)
    event_sign_up = _number(gettext_lazy("For joining"), required=False)
    event_birthday = _number(gettext_lazy("For a birthday"), required=False)
    event_survey = _number(gettext_lazy("For a survey"), required=False)
    event_referral = _number(gettext_lazy("For a friend"), required=False)
    stamps = _lines(
        gettext_lazy("Stamps"),
        gettext_lazy(
            "One card a line: key | orders | points | categories, as "
            "coffee | 10 | 100 | Coffee; Tea. Without categories every order counts."
        ),
    )
    pending_days = _number(gettext_lazy("Days of waiting"))
    activate_on = _choice(gettext_lazy("Points can be used"), MOMENTS)
    expiry_months = _number(
        gettext_lazy("Months until points expire"),
        low=1,
        required=False,
        help_text=gettext_lazy("Leave empty for points that do not expire."),
    )
    expiry_rounding = _choice(gettext_lazy("They last until"), ENDS)
    expiry_by = _choice(gettext_lazy("Counted from"), COUNTED_FROM)
    clawback = _choice(gettext_lazy("Points of returned goods"), CLAWBACKS)
    restore_grace_days = _number(
        gettext_lazy("Days that expired points last when they are given back")
    )
    point_value = forms.DecimalField(label=gettext_lazy("What one point pays"))
    currencies = _lines(
        gettext_lazy("Point currencies"),
        gettext_lazy(
            "One a line: key | spendable yes or no | rates, as "
            "miles | no | points = 0.5. The first is the one purchases earn."
        ),
        required=True,
    )
    adjustment_approval_above = _number(
        gettext_lazy("Adjustments above need a second person"),
        required=False,
        help_text=gettext_lazy("Leave empty for none."),
    )
    publish_approval = forms.BooleanField(
        label=gettext_lazy("Versions that lower benefits need a second person"),
        required=False,
    )
    refresh = _lines(
        gettext_lazy("Rules to look at again"),
        gettext_lazy(
            "One a line: rule = day, as earn = 2027-01-01. From that day on a task "
            "stands in Tasks. Rules: earn, excluded, multiplier, bonus, cap, event, "
            "stamps, pending, expiry, clawback, value, tiers."
        ),
    )
    effective_on = DayField(
        label=gettext_lazy("In force from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy(
            "A day, from its beginning. Leave empty for from now on."
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("Why this changes"), max_length=200, required=False
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput)

    def settings(self) -> dict[str, Any]:
        """Return the settings as `programme.publish` takes them."""
        told = self.cleaned_data
        return {
            "earn": self._earn() if told["earns"] else None,
            "pending_days": told["pending_days"],
            "activate_on": told["activate_on"],
            "expiry": {
                "months": told["expiry_months"],
                "rounding": told["expiry_rounding"],
                "by": told["expiry_by"],
            },
            "clawback": told["clawback"],
            "restore_grace_days": told["restore_grace_days"],
            "point_value": str(told["point_value"]),
            "currencies": [_currency(line) for line in _split(told["currencies"])],
            "adjustment_approval_above": told["adjustment_approval_above"],
            "publish_approval": told["publish_approval"],
            "refresh": dict(_pair(line) for line in _split(told["refresh"])),
        }

    def _earn(self) -> dict[str, Any]:
        told = self.cleaned_data
        caps = {"member_day": "day", "member_month": "month", "total": "total"}
        return {
            "points": told["points"],
            "per_amount": str(told["per_amount"]),
            "rounding": told["rounding"],
            "per": told["per"],
            "base": told["base"],
            "excluded_categories": _split(told["excluded_categories"]),
            "multipliers": dict(_pair(line) for line in _split(told["multipliers"])),
            "bonuses": [_bonus(line) for line in _split(told["bonuses"])],
            "caps": {name: told[f"cap_{field}"] for name, field in caps.items()},
            "events": {
                name: told[f"event_{name}"]
                for name in points.EVENTS
                if told[f"event_{name}"] is not None
            },
            "stamps": [_stamps(line) for line in _split(told["stamps"])],
        }

    def clean_multipliers(self) -> str:
        return self._each("multipliers", "=", 2, _("category = factor"))

    def clean_refresh(self) -> str:
        return self._each("refresh", "=", 2, _("rule = day"))

    def clean_bonuses(self) -> str:
        return self._each("bonuses", "|", 4, _("name | first day | last day | factor"))

    def clean_stamps(self) -> str:
        return self._each("stamps", "|", 3, _("key | orders | points | categories"))

    def clean_currencies(self) -> str:
        text = self._each("currencies", "|", 2, _("key | yes or no | rates"))
        for line in _split(text):
            if line.split("|")[1].strip() not in (YES, NO):
                accepted = _("key | yes or no | rates")
                raise forms.ValidationError(_unreadable(line, accepted))
        return text

    def _each(self, name: str, sign: str, parts: int, accepted: str) -> str:
        text = str(self.cleaned_data[name])
        for line in _split(text):
            if line.count(sign) < parts - 1:
                raise forms.ValidationError(_unreadable(line, accepted))
        return text

    def refuse(self, error: DomainError) -> None:
        """Put what the rules refused beside the field it is about, with the line."""
        name, place = _where(error.field or "")
        if name not in self.fields:
            self.add_error(None, str(error))
            return
        text = str(error)
        line = self._line(name, place) if place else None
        if line:
            values = {"line": line, "reason": text}
            text = _("In “%(line)s”: %(reason)s") % values
        self.add_error(name, text)

    def _line(self, name: str, place: str) -> str | None:
        lines = _split(str(self.data.get(name, "")))
        if place.isdigit():
            return lines[int(place)] if int(place) < len(lines) else None
        return next((line for line in lines if _pair(line)[0] == place), None)


def initial_of(settings: Settings) -> dict[str, Any]:
    """Return what the form shows of settings; its own answer reads back equal."""
    told = rules.dump(settings)
    earn = told["earn"] or points.dump_earn(points.Earn()) or {}
    expiry = told["expiry"]
    caps = earn["caps"]
    return {
        **told,
        "earns": told["earn"] is not None,
        **{name: earn[name] for name in ("points", "per_amount", "rounding", "per")},
        "base": earn["base"],
        "excluded_categories": "\n".join(earn["excluded_categories"]),
        "multipliers": _joined(earn["multipliers"].items(), " = ".join),
        "bonuses": _joined(earn["bonuses"], _bonus_line),
        "cap_day": caps.get("member_day"),
        "cap_month": caps.get("member_month"),
        "cap_total": caps.get("total"),
        **{f"event_{name}": earn["events"].get(name) for name in points.EVENTS},
        "stamps": _joined(earn["stamps"], _stamps_line),
        "expiry_months": expiry["months"],
        "expiry_rounding": expiry["rounding"],
        "expiry_by": expiry["by"],
        "refresh": _joined(told["refresh"].items(), " = ".join),
        "currencies": _joined(told["currencies"], _currency_line),
        "based_on": settings.number,
    }


def _joined(rows: Any, line: Callable[[Any], str]) -> str:
    return "\n".join(line(row) for row in rows)


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pair(line: str) -> tuple[str, str]:
    """From the right, for a category may have the sign itself."""
    name, _sign, factor = line.rpartition("=")
    return name.strip(), factor.strip()


def _bonus(line: str) -> dict[str, Any]:
    name, first, last, factor = (part.strip() for part in line.rsplit("|", 3))
    return {
        "name": name,
        "from": first or None,
        "to": last or None,
        "multiplier": factor,
    }


def _bonus_line(told: Mapping[str, Any]) -> str:
    ends = (told["from"] or "", told["to"] or "")
    return " | ".join((told["name"], *ends, told["multiplier"]))


def _stamps(line: str) -> dict[str, Any]:
    name, every, given, *rest = (part.strip() for part in line.split("|", 3))
    categories = rest[0].split(";") if rest else []
    return {
        "name": name,
        "every": _whole(every),
        "points": _whole(given),
        "categories": [one.strip() for one in categories if one.strip()],
    }


def _stamps_line(told: Mapping[str, Any]) -> str:
    parts = [told["name"], str(told["every"]), str(told["points"])]
    if told["categories"]:
        parts.append("; ".join(told["categories"]))
    return " | ".join(parts)


def _currency(line: str) -> dict[str, Any]:
    key, spendable, *rest = (part.strip() for part in line.split("|", 2))
    rates = rest[0].split(";") if rest else []
    return {
        "key": key,
        "spendable": spendable == YES,
        "rates": dict(_pair(rate) for rate in rates if rate.strip()),
    }


def _currency_line(told: Mapping[str, Any]) -> str:
    parts = [told["key"], YES if told["spendable"] else NO]
    if told["rates"]:
        parts.append(
            "; ".join(f"{key} = {rate}" for key, rate in told["rates"].items())
        )
    return " | ".join(parts)


def _whole(text: str) -> int | str:
    """Digits are a number; anything else is left for the rules to refuse."""
    return int(text) if text.isascii() and text.isdigit() else text


def _unreadable(line: str, accepted: str) -> str:
    text = _("“%(line)s” cannot be read; write %(accepted)s.")
    return text % {"line": line, "accepted": accepted}


def _where(field: str) -> tuple[str, str]:
    """Return the form's field and the line of it that a setting's name means."""
    known = {
        "effective_from": "effective_on",
        "earn.caps.member_day": "cap_day",
        "earn.caps.member_month": "cap_month",
        "earn.caps.total": "cap_total",
        "expiry.months": "expiry_months",
        "expiry.rounding": "expiry_rounding",
        "expiry.by": "expiry_by",
    }
    if field in known:
        return known[field], ""
    name, _dot, place = field.removeprefix("earn.").partition(".")
    if name == "events":
        return f"event_{place}", ""
    if name in ("multipliers", "refresh"):
        return name, place
    return name, place.split(".")[0]
