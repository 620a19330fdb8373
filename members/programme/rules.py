"""The programme's settings: their shape, their defaults, what is accepted."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, is_currency
from django.utils.translation import gettext as _

from members.programme import accounts, points, refresh, tiers
from members.programme.accounts import Accounts
from members.programme.errors import InvalidSetting
from members.programme.points import Currency, Earn, Expiry
from members.programme.tiers import TierSet

__all__ = ["InvalidSetting", "Settings", "dump", "parse"]

RfmRule = Literal["strict_less", "ntile_id", "percentile"]
RfmWindow = Literal["all", "12m"]
RFM_RULES: tuple[RfmRule, ...] = ("strict_less", "ntile_id", "percentile")
RFM_WINDOWS: tuple[RfmWindow, ...] = ("all", "12m")

# Two thirds of European and Chinese shops we looked at buy within half a year or not
# again; four orders is where the repurchase curve of CDNOW flattens.
DEFAULT_CHURN_DAYS = 180
DEFAULT_LOYAL_ORDERS = 4
DEFAULT_ACTIVE_DAYS = 90
DEFAULT_CLV_YEARS = 3
MAX_DAYS = 3660


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One dated version of the programme's settings, checked and typed.

    `clv_margin` is a share of turnover between 0 and 1. Days are local days.
    `point_value` is what one point pays, in units of the currency.
    """

    number: int = 1
    name: str = "Tern"
    time_zone: str = "UTC"
    currency: str = "EUR"
    churn_days: int = DEFAULT_CHURN_DAYS
    loyal_orders: int = DEFAULT_LOYAL_ORDERS
    active_days: int = DEFAULT_ACTIVE_DAYS
    rfm_rule: RfmRule = "strict_less"
    rfm_window: RfmWindow = "all"
    clv_years: int = DEFAULT_CLV_YEARS
    clv_margin: Decimal = Decimal("0.3")
    earn: Earn | None = field(default_factory=Earn)
    pending_days: int = 14
    activate_on: points.ActivateOn = "time"
    expiry: Expiry = field(default_factory=Expiry)
    clawback: points.Clawback = "own_then_debt"
    point_value: Decimal = Decimal("0.01")
    restore_grace_days: int = 30
    adjustment_approval_above: int | None = 1000
    # A version that lowers benefits takes a second person.
    publish_approval: bool = True
    # By which day somebody looks at a rule again, by the key of its sentence.
    refresh: tuple[tuple[str, date], ...] = ()
    currencies: tuple[Currency, ...] = field(
        default_factory=lambda: (Currency(key="points"),)
    )
    tier_sets: tuple[TierSet, ...] = ()
    accounts: Accounts = field(default_factory=Accounts)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def exponent(self) -> int:
        """Digits of the currency's minor unit: JPY 0, EUR 2, KWD 3."""
        return int(get_currency_precision(self.currency))


def parse(values: Mapping[str, Any], *, number: int = 1) -> Settings:
    """Check stored or posted values; unknown names are refused.

    Raises `InvalidSetting` for the first value that is not accepted.
    """
    if "tiers" in values:
        rest = {name: value for name, value in values.items() if name != "tiers"}
        values = {**rest, "tier_sets": tiers.of_tiers(values["tiers"])}
    unknown = sorted(set(values) - set(NAMES))
    if unknown:
        raise InvalidSetting(
            _("There is no such setting. Known: %(names)s.")
            % {"names": ", ".join(NAMES)},
            field=unknown[0],
        )
    merged = {**dump(Settings()), **values}
    return Settings(
        number=number,
        name=_name(merged["name"]),
        time_zone=_zone(merged["time_zone"]),
        currency=_currency(merged["currency"]),
        churn_days=_whole("churn_days", merged["churn_days"], 1, MAX_DAYS),
        loyal_orders=_whole("loyal_orders", merged["loyal_orders"], 3, 1000),
        active_days=_whole("active_days", merged["active_days"], 1, MAX_DAYS),
        rfm_rule=_choice("rfm_rule", merged["rfm_rule"], RFM_RULES),  # type: ignore[arg-type]  # checked against the literal's values
        rfm_window=_choice("rfm_window", merged["rfm_window"], RFM_WINDOWS),  # type: ignore[arg-type]  # checked against the literal's values
        clv_years=_whole("clv_years", merged["clv_years"], 1, 50),
        clv_margin=_share("clv_margin", merged["clv_margin"]),
        earn=points.parse_earn(merged["earn"]),
        pending_days=_whole("pending_days", merged["pending_days"], 0, MAX_DAYS),
        activate_on=points.parse_activate_on(merged["activate_on"]),
        expiry=points.parse_expiry(merged["expiry"]),
        clawback=points.parse_clawback(merged["clawback"]),
        point_value=points.parse_point_value(merged["point_value"]),
        restore_grace_days=_whole(
            "restore_grace_days", merged["restore_grace_days"], 0, MAX_DAYS
        ),
        adjustment_approval_above=points.parse_limit(
            "adjustment_approval_above", merged["adjustment_approval_above"]
        ),
        publish_approval=points.parse_flag(
            "publish_approval", merged["publish_approval"]
        ),
        refresh=refresh.parse(merged["refresh"]),
        currencies=points.parse_currencies(merged["currencies"]),
        tier_sets=tiers.parse_tier_sets(merged["tier_sets"]),
        accounts=accounts.parse_accounts(merged["accounts"]),
    )


NAMES = (
    "name",
    "time_zone",
    "currency",
    "churn_days",
    "loyal_orders",
    "active_days",
    "rfm_rule",
    "rfm_window",
    "clv_years",
    "clv_margin",
    "earn",
    "pending_days",
    "activate_on",
    "expiry",
    "clawback",
    "point_value",
    "restore_grace_days",
    "adjustment_approval_above",
    "publish_approval",
    "refresh",
    "currencies",
    "tier_sets",
    "accounts",
)


def dump(settings: Settings) -> dict[str, Any]:
    """Return the JSON form that `parse` reads back to an equal value."""
    values = {name: getattr(settings, name) for name in NAMES}
    return {
        **values,
        "clv_margin": str(settings.clv_margin),
        "earn": points.dump_earn(settings.earn),
        "expiry": dict(vars(settings.expiry)),
        "point_value": str(settings.point_value),
        "refresh": {rule: day.isoformat() for rule, day in settings.refresh},
        "currencies": [points.dump_currency(one) for one in settings.currencies],
        "tier_sets": [tiers.dump_tier_set(one) for one in settings.tier_sets],
        "accounts": dict(vars(settings.accounts)),
    }


def _name(value: object) -> str:
    text = str(value).strip()
    if not 1 <= len(text) <= 80:
        raise InvalidSetting(_("Give a name of 1 to 80 characters."), field="name")
    return text


@cache
def zones() -> frozenset[str]:
    """Names of the zones this machine knows; finding them reads hundreds of files."""
    return frozenset(zoneinfo.available_timezones())


def _zone(value: object) -> str:
    if str(value) not in zones():
        raise InvalidSetting(
            _("Give an IANA time zone, for example Europe/Berlin or Asia/Shanghai."),
            field="time_zone",
        )
    return str(value)


def _currency(value: object) -> str:
    code = str(value).strip().upper()
    if not is_currency(code):
        raise InvalidSetting(
            _("Give an ISO 4217 code of three letters, for example EUR or CNY."),
            field="currency",
        )
    return code


def _whole(field: str, value: object, low: int, high: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise InvalidSetting(
            _("Give a whole number from %(low)s to %(high)s.")
            % {"low": low, "high": high},
            field=field,
        )
    return number


def _choice(field: str, value: object, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise InvalidSetting(
            _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)},
            field=field,
        )
    return str(value)


def _share(field: str, value: object) -> Decimal:
    try:
        share = Decimal(str(value))
    except InvalidOperation:
        share = Decimal(-1)
    if not (share.is_finite() and 0 <= share <= 1):
        raise InvalidSetting(_("Give a share from 0 to 1."), field=field)
    return share
