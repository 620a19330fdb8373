from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.directory import rules
from analytics.directory.rules import Behind, Listing
from analytics.metrics.enums import Stage, ValueTier
from config.lib.days import DayField
from loyalty.tiers import queries as tiers
from loyalty.tiers.queries import InTier
from members.access import queries as access
from members.access.models import Store
from members.programme.tiers import TierSet

DIRECTIONS = [("asc", _("ascending")), ("desc", _("descending"))]
SORTS = [
    ("name", _("Name")),
    ("joined", _("Joined")),
    ("orders", _("Orders")),
    ("spend", _("Spend")),
    ("last", _("Last order")),
]


class ListingForm(forms.Form):
    """The URL of the member list, checked."""

    q = forms.CharField(label=_("Find"), max_length=100, required=False)
    stage = forms.ChoiceField(
        label=_("Stage"), choices=[("", ""), *Stage.choices], required=False
    )
    value_tier = forms.ChoiceField(
        label=_("Value tier"), choices=[("", ""), *ValueTier.choices], required=False
    )
    r = forms.IntegerField(label=_("Recency"), min_value=1, max_value=5, required=False)
    f = forms.IntegerField(
        label=_("Frequency"), min_value=1, max_value=5, required=False
    )
    m = forms.IntegerField(
        label=_("Monetary"), min_value=1, max_value=5, required=False
    )
    store = forms.ModelChoiceField(
        label=_("Home store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=_("All stores"),
    )
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    sort = forms.ChoiceField(label=_("Sort"), choices=SORTS, required=False)
    dir = forms.ChoiceField(label=_("Direction"), choices=DIRECTIONS, required=False)
    after = forms.CharField(max_length=400, required=False)
    metric = forms.SlugField(label=_("Metric"), required=False)
    by = forms.SlugField(label=_("Cut by"), required=False)
    cell = forms.CharField(label=_("Cell"), max_length=120, required=False)
    as_of = DayField(label=_("As of"), required=False)
    start = DayField(label=_("From"), required=False)
    end = DayField(label=_("To"), required=False)

    def __init__(
        self,
        *args: Any,
        store_ids: frozenset[int] | None = None,
        tier_sets: Sequence[TierSet] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._tiers = {
            f"{one.key}:{tier.key}": (one, tier)
            for one in tier_sets
            for tier in one.tiers
        }
        self.fields["tier"].choices = [("", ""), *((key, key) for key in self._tiers)]  # type: ignore[attr-defined]  # a ChoiceField
        stores = access.stores()
        if store_ids is not None:
            stores = stores.filter(pk__in=store_ids)
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        sort = rules.SORTS[cleaned.get("sort") or "name"]
        if cleaned.get("after"):
            try:
                cleaned["after"] = rules.decode(cleaned["after"], sort=sort)
            except rules.NotAPlace:
                text = _("This place in the list does not exist. Start from the top.")
                self.add_error("after", text)
        if bool(cleaned.get("metric")) != bool(cleaned.get("cell")):
            self.add_error("cell", _("Give a metric and its cell together."))
        return cleaned

    def listing(self) -> Listing:
        """Return the question; call it on a valid form only."""
        data = self.cleaned_data
        sort = rules.SORTS[data["sort"] or "name"]
        return Listing(
            q=data["q"],
            stage=Stage(data["stage"]) if data["stage"] else None,
            value_tier=ValueTier(data["value_tier"]) if data["value_tier"] else None,
            r=data["r"],
            f=data["f"],
            m=data["m"],
            store_id=data["store"].pk if data["store"] else None,
            tier=self._tier(data["tier"]),
            sort=sort,
            direction=data["dir"] or sort.first,
            after=data["after"] or None,
            behind=self._behind(),
        )

    def _tier(self, key: str) -> InTier | None:
        if not key:
            return None
        tier_set, tier = self._tiers[key]
        return tiers.in_tier(tier_set=tier_set, tier=tier)

    def _behind(self) -> Behind | None:
        data = self.cleaned_data
        if not data["metric"]:
            return None
        # A metric's own parameters carry its prefix, so they meet no filter's name.
        params = {
            name.removeprefix("p_"): str(value)
            for name, value in self.data.items()
            if name.startswith("p_")
        }
        return Behind(
            metric=data["metric"],
            cell=data["cell"],
            by=data["by"] or None,
            as_of=data["as_of"],
            start=data["start"],
            end=data["end"],
            params=params,
        )
