from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.access import queries as access
from members.access.enums import Role
from members.access.models import Store
from members.programme import rules

RFM_RULES = [
    ("strict_less", _("Share strictly worse; ties share a score")),
    ("ntile_id", _("Equal groups; ties split by number")),
    ("percentile", _("Cuts at the 20, 40, 60 and 80 percentiles")),
]
RFM_WINDOWS = [("all", _("All history")), ("12m", _("Last 12 months"))]


class ProgrammeForm(forms.Form):
    """The shape of a version's settings; the rules of values are `programme.rules`."""

    name = forms.CharField(label=_("Name of the programme"), max_length=80)
    time_zone = forms.ChoiceField(label=_("Time zone"))
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        help_text=_("Three letters, for example EUR. Fixed once orders exist."),
    )
    churn_days = forms.IntegerField(
        label=_("Days without an order until a member counts as lost"),
        min_value=1,
        max_value=rules.MAX_DAYS,
    )
    loyal_orders = forms.IntegerField(
        label=_("Orders that make a member loyal"), min_value=3, max_value=1000
    )
    active_days = forms.IntegerField(
        label=_("Days in which an order makes a member active"),
        min_value=1,
        max_value=rules.MAX_DAYS,
    )
    rfm_rule = forms.ChoiceField(label=_("RFM scores by"), choices=RFM_RULES)
    rfm_window = forms.ChoiceField(label=_("RFM looks at"), choices=RFM_WINDOWS)
    clv_years = forms.IntegerField(
        label=_("Years of a member's life in CLV"), min_value=1, max_value=50
    )
    clv_margin = forms.DecimalField(
        label=_("Margin in CLV, as a share"),
        min_value=0,
        max_value=1,
        max_digits=5,
        decimal_places=4,
        help_text=_("0.3 is 30 %."),
    )
    note = forms.CharField(label=_("Why this changes"), max_length=200, required=False)
    based_on = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, fixed: rules.Settings | None, **kwargs: Any) -> None:
        """`fixed` are the settings in force where orders keep zone and currency."""
        super().__init__(*args, **kwargs)
        self.fixed = fixed
        zones = sorted(zoneinfo.available_timezones())
        if fixed:
            zones = [fixed.time_zone]
            self.fields["currency"].widget.attrs["readonly"] = True
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]  # a ChoiceField

    def settings(self) -> dict[str, Any]:
        """Return the settings as `programme.publish` takes them."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name in rules.NAMES
        }
        return {**values, "clv_margin": str(values["clv_margin"])}


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"))
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        help_text=_("Choose none for all stores."),
    )
    is_active = forms.BooleanField(label=_("May sign in"), required=False, initial=True)

    def __init__(self, *args: Any, changing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stores"].queryset = access.stores()  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
        if changing:
            del self.fields["email"]
        else:
            del self.fields["is_active"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class StoreForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("What tills and files call the store. It cannot change later."),
    )
    name = forms.CharField(
        label=pgettext_lazy("of a store", "Name"), max_length=120, required=False
    )


class StoreNameForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a store", "Name"), max_length=120, required=False
    )
