"""The part of the settings that says which tiers there are and what reaches each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from django.utils.translation import gettext as _

from members.programme.errors import InvalidSetting
from members.programme.points import (
    MAX_POINTS,
    _amount,
    _choice,
    _decimal,
    _factor,
    _key,
    _objects,
    _whole,
)

Basis = Literal["spend", "qualifying_points", "balance", "metric"]
Downgrade = Literal["one_step", "to_fit"]
Validity = Literal["window", "calendar_year", "membership_year"]

# The words of the contract, and any other number of days or months.
_ROLLING = re.compile(r"rolling_([1-9]\d{0,3})([dm])", re.ASCII)
FIXED_WINDOWS = ("calendar_year", "membership_year", "lifetime", "month")
MAX_MONTHS = 120
MAX_DAYS = 3660
MAX_SETS = 10
MAX_TIERS = 20
NAME_LENGTH = 40
BENEFITS = 20
BENEFIT_LENGTH = 200

# Who has reached nothing is in the lowest tier; a set that names none has this one.
BASE = "base"
# A set without a name of its own, as `tiers` alone makes one.
ONE_SET = "status"

# What the nightly run hands down, lowest first: a threshold is a place in the list,
# from 1, or the word itself.
METRICS: dict[str, tuple[str, ...]] = {
    "value_tier": ("low", "middle", "high"),
    "stage": ("prospect", "churned", "first", "repeat", "loyal"),
    "r": ("1", "2", "3", "4", "5"),
    "f": ("1", "2", "3", "4", "5"),
    "m": ("1", "2", "3", "4", "5"),
}


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A tier is reached when what `basis` counts in `window` is `threshold` or more.

    `downgrade` and `grace_days`, where given, go before those of the set.
    """

    key: str
    name: str
    threshold: Decimal = Decimal(0)
    basis: Basis = "qualifying_points"
    window: str = "rolling_12m"
    metric: str = ""
    multiplier: Decimal = Decimal(1)
    benefits: tuple[str, ...] = ()
    downgrade: Downgrade | None = None
    grace_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class TierSet:
    """Tiers from the lowest to the highest; every member is in one of them."""

    key: str
    name: str
    tiers: tuple[Tier, ...]
    downgrade: Downgrade = "one_step"
    grace_days: int = 0
    validity: Validity = "window"
    clawback_days: int = 60

    def rank(self, key: str) -> int | None:
        """The place of a tier; None for one that a later version took away."""
        return next((n for n, one in enumerate(self.tiers) if one.key == key), None)

    def downgrade_of(self, tier: Tier) -> Downgrade:
        return tier.downgrade or self.downgrade

    def grace_of(self, tier: Tier) -> int:
        return self.grace_days if tier.grace_days is None else tier.grace_days


def parse_tier_sets(value: object) -> tuple[TierSet, ...]:
    known = {field.name for field in fields(TierSet)}
    rows = _objects("tier_sets", value, known)
    if len(rows) > MAX_SETS:
        raise InvalidSetting(
            _("Give at most %(limit)s sets of tiers.") % {"limit": MAX_SETS},
            field="tier_sets",
        )
    found = tuple(_set(f"tier_sets.{n}", told) for n, told in rows)
    if len({one.key for one in found}) < len(found):
        raise InvalidSetting(_("Give each set its own key."), field="tier_sets")
    return found


def of_tiers(value: object) -> list[dict[str, Any]]:
    """Return `tier_sets` for `tiers` alone, which is short for one set."""
    return [{"key": ONE_SET, "tiers": value}] if value else []


def dump_tier_set(one: TierSet) -> dict[str, Any]:
    return {**vars(one), "tiers": [_dump_tier(tier) for tier in one.tiers]}


def _dump_tier(tier: Tier) -> dict[str, Any]:
    told = {
        **vars(tier),
        "threshold": plain(tier.threshold),
        "multiplier": str(tier.multiplier),
        "benefits": list(tier.benefits),
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _set(field: str, told: Mapping[str, Any]) -> TierSet:
    key = _key(f"{field}.key", told.get("key"))
    rows = _objects(f"{field}.tiers", told.get("tiers"), _TIER_FIELDS)
    if not 1 <= len(rows) <= MAX_TIERS:
        raise InvalidSetting(
            _("Give 1 to %(limit)s tiers.") % {"limit": MAX_TIERS},
            field=f"{field}.tiers",
        )
    tiers = _ordered([_tier(f"{field}.tiers.{n}", one) for n, one in rows])
    _check(f"{field}.tiers", tiers)
    default = TierSet(key="", name="", tiers=())
    return TierSet(
        key=key,
        name=_text(f"{field}.name", told.get("name", key), NAME_LENGTH),
        tiers=tiers,
        downgrade=_choice(
            f"{field}.downgrade", told.get("downgrade", default.downgrade), Downgrade
        ),
        grace_days=_days(f"{field}.grace_days", told.get("grace_days", 0)),
        validity=_choice(
            f"{field}.validity", told.get("validity", default.validity), Validity
        ),
        clawback_days=_days(
            f"{field}.clawback_days", told.get("clawback_days", default.clawback_days)
        ),
    )


def _ordered(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """By threshold where all count the same; tiers of several kinds come lowest first.

    Below the lowest threshold everybody is in the base tier.
    """
    if len({(one.basis, one.window, one.metric) for one in tiers if one.threshold}) < 2:
        tiers = sorted(tiers, key=lambda one: one.threshold)
    if tiers[0].threshold > 0:
        first = replace(
            tiers[0],
            key=BASE,
            name="Base",
            threshold=Decimal(0),
            multiplier=Decimal(1),
            benefits=(),
            downgrade=None,
            grace_days=None,
        )
        tiers = [first, *tiers]
    return tuple(tiers)


def _check(field: str, tiers: Sequence[Tier]) -> None:
    if len({one.key for one in tiers}) < len(tiers):
        raise InvalidSetting(_("Give each tier its own key."), field=field)
    for n, (lower, upper) in enumerate(pairwise(tiers), start=1):
        same = (lower.basis, lower.window, lower.metric) == (
            upper.basis,
            upper.window,
            upper.metric,
        )
        if upper.threshold == 0 or (same and upper.threshold <= lower.threshold):
            raise InvalidSetting(
                _(
                    "A higher tier needs a higher threshold, and only the lowest may have none."
                ),
                field=f"{field}.{n}.threshold",
            )


def _tier(field: str, told: Mapping[str, Any]) -> Tier:
    basis: Basis = _choice(
        f"{field}.basis", told.get("basis", "qualifying_points"), Basis
    )
    metric = _metric(f"{field}.metric", told.get("metric", ""), basis)
    key = _key(f"{field}.key", told.get("key"))
    grace = told.get("grace_days")
    downgrade = told.get("downgrade")
    return Tier(
        key=key,
        name=_text(f"{field}.name", told.get("name", key), NAME_LENGTH),
        threshold=_threshold(
            f"{field}.threshold", told.get("threshold", 0), basis, metric
        ),
        basis=basis,
        window=_window(f"{field}.window", told.get("window"), basis),
        metric=metric,
        multiplier=_factor(f"{field}.multiplier", told.get("multiplier", 1)),
        benefits=_benefits(f"{field}.benefits", told.get("benefits", [])),
        downgrade=None
        if downgrade is None
        else _choice(f"{field}.downgrade", downgrade, Downgrade),
        grace_days=None if grace is None else _days(f"{field}.grace_days", grace),
    )


_TIER_FIELDS = {field.name for field in fields(Tier)}


def rolling(window: str) -> tuple[int, str] | None:
    """The number and `d` or `m` of a rolling window; None for the other kinds."""
    found = _ROLLING.fullmatch(window)
    return (int(found[1]), found[2]) if found else None


def _window(field: str, value: object, basis: Basis) -> str:
    if value is None:
        # What is not counted in a window holds for as long as it is so.
        return "rolling_12m" if basis in ("spend", "qualifying_points") else "lifetime"
    text = str(value)
    span = rolling(text)
    if span is None and text not in FIXED_WINDOWS:
        raise InvalidSetting(
            _(
                "Give rolling_12m or another number of months (m) or days (d), or one of: %(choices)s."
            )
            % {"choices": ", ".join(FIXED_WINDOWS)},
            field=field,
        )
    if span is not None and span[0] > (MAX_MONTHS if span[1] == "m" else MAX_DAYS):
        raise InvalidSetting(
            _("Give at most %(months)s months or %(days)s days.")
            % {"months": MAX_MONTHS, "days": MAX_DAYS},
            field=field,
        )
    return text


def _metric(field: str, value: object, basis: Basis) -> str:
    if basis != "metric":
        if value:
            raise InvalidSetting(
                _("Only a tier whose basis is a metric names one."), field=field
            )
        return ""
    name = str(value or "value_tier")
    if name not in METRICS:
        raise InvalidSetting(
            _("Choose one of: %(choices)s.") % {"choices": ", ".join(METRICS)},
            field=field,
        )
    return name


def _threshold(field: str, value: object, basis: Basis, metric: str) -> Decimal:
    if basis == "metric" and isinstance(value, str) and value in METRICS[metric]:
        return Decimal(METRICS[metric].index(value) + 1)
    number = _decimal(value)
    if number == 0:
        return Decimal(0)
    if basis == "spend":
        return _amount(field, value)
    most = len(METRICS[metric]) if basis == "metric" else MAX_POINTS
    if not number.is_finite() or number != number.to_integral_value():
        number = Decimal(-1)
    return Decimal(_whole(field, int(number), 0, most))


def _days(field: str, value: object) -> int:
    return _whole(field, value, 0, MAX_DAYS)


def _text(field: str, value: object, limit: int) -> str:
    text = str(value).strip()
    if not 1 <= len(text) <= limit:
        raise InvalidSetting(
            _("Give a text of 1 to %(limit)s characters.") % {"limit": limit},
            field=field,
        )
    return text


def _benefits(field: str, value: object) -> tuple[str, ...]:
    """A list of sentences, or one sentence alone."""
    rows = [value] if isinstance(value, str) else value
    if not isinstance(rows, (list, tuple)) or len(rows) > BENEFITS:
        raise InvalidSetting(
            _("Give a list of at most %(limit)s texts.") % {"limit": BENEFITS},
            field=field,
        )
    return tuple(
        _text(f"{field}.{n}", one, BENEFIT_LENGTH)
        for n, one in enumerate(rows)
        if str(one).strip()
    )
