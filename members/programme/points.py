"""The part of the settings that says what points are: their shape and what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from django.utils.translation import gettext as _

from config.lib import days
from config.lib.periods import Rounding, backwards
from members.programme.errors import InvalidSetting

EarnRounding = Literal["floor", "half_up"]
EarnPer = Literal["order", "line"]
EarnBase = Literal["net_paid", "net_goods"]
ActivateOn = Literal["time", "delivery"]
ExpiryBy = Literal["lot", "inactivity"]
Clawback = Literal["own_then_debt", "not_below_zero", "pending_only"]

# Points are 64-bit numbers; a rule that could pass this in one order is a typing error.
MAX_POINTS = 1_000_000_000
MAX_KEY = 20


@dataclass(frozen=True, kw_only=True)
class Bonus:
    """Points times `multiplier` for orders placed from `starts` until `ends`.

    Each end is a local day or an instant; a day as end is included.
    """

    name: str
    starts: date | datetime | None
    ends: date | datetime | None
    multiplier: Decimal


@dataclass(frozen=True, kw_only=True)
class Caps:
    """The most points orders earn: a member a local day or month, everybody together."""

    member_day: int | None = None
    member_month: int | None = None
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """Every `every`-th order with goods of `categories` (none: any) gives `points`."""

    name: str
    every: int
    points: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Earn:
    """How orders earn: `points` for each `per_amount` of the base, rounded once."""

    points: int = 1
    per_amount: Decimal = Decimal(1)
    rounding: EarnRounding = "floor"
    per: EarnPer = "order"
    base: EarnBase = "net_goods"
    excluded_categories: tuple[str, ...] = ()
    multipliers: tuple[tuple[str, Decimal], ...] = ()
    bonuses: tuple[Bonus, ...] = ()
    caps: Caps = Caps()
    events: tuple[tuple[str, int], ...] = ()
    stamps: tuple[Stamps, ...] = ()

    def event(self, name: str) -> int:
        return dict(self.events).get(name, 0)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Points last `months` local months after the day they were earned; None: for ever."""

    months: int | None = 12
    rounding: Rounding = "none"
    by: ExpiryBy = "lot"


@dataclass(frozen=True, kw_only=True)
class Currency:
    """A kind of points. `rates` says what one point becomes in other currencies."""

    key: str
    spendable: bool = True
    rates: tuple[tuple[str, Decimal], ...] = ()

    def rate(self, target: str) -> Decimal | None:
        return dict(self.rates).get(target)


EVENTS = ("sign_up", "birthday", "survey", "referral")


def parse_earn(value: object) -> Earn | None:
    """Read the earning rule; None switches earning off."""
    if value is None:
        return None
    told = _object("earn", value, {field.name for field in fields(Earn)})
    default = Earn()
    return Earn(
        points=_whole("earn.points", told.get("points", default.points), 0, MAX_POINTS),
        per_amount=_amount("earn.per_amount", told.get("per_amount", "1")),
        rounding=_choice("earn.rounding", told.get("rounding", "floor"), EarnRounding),
        per=_choice("earn.per", told.get("per", "order"), EarnPer),
        base=_choice("earn.base", told.get("base", "net_goods"), EarnBase),
        excluded_categories=_words(
            "earn.excluded_categories", told.get("excluded_categories", [])
        ),
        multipliers=_multipliers(told.get("multipliers", {})),
        bonuses=_bonuses(told.get("bonuses", [])),
        caps=_caps(told.get("caps", {})),
        events=_events(told.get("events", {})),
        stamps=_stamps(told.get("stamps", [])),
    )


def dump_earn(earn: Earn | None) -> dict[str, Any] | None:
    if earn is None:
        return None
    return {
        "points": earn.points,
        "per_amount": str(earn.per_amount),
        "rounding": earn.rounding,
        "per": earn.per,
        "base": earn.base,
        "excluded_categories": list(earn.excluded_categories),
        "multipliers": {name: str(factor) for name, factor in earn.multipliers},
        "bonuses": [_dump_bonus(bonus) for bonus in earn.bonuses],
        "caps": {
            name: limit for name, limit in vars(earn.caps).items() if limit is not None
        },
        "events": dict(earn.events),
        "stamps": [
            {**vars(rule), "categories": list(rule.categories)} for rule in earn.stamps
        ],
    }


def parse_expiry(value: object) -> Expiry:
    if value is None:
        return Expiry(months=None)
    told = _object("expiry", value, {"months", "rounding", "by"})
    months = told.get("months", 12)
    return Expiry(
        months=None if months is None else _whole("expiry.months", months, 1, 1200),
        rounding=_choice("expiry.rounding", told.get("rounding", "none"), Rounding),
        by=_choice("expiry.by", told.get("by", "lot"), ExpiryBy),
    )


def parse_currencies(value: object) -> tuple[Currency, ...]:
    """Read the point currencies; the first is the one orders earn."""
    found = tuple(
        Currency(
            key=_key(f"currencies.{n}.key", told.get("key")),
            spendable=parse_flag(
                f"currencies.{n}.spendable", told.get("spendable", True)
            ),
            rates=_rates(f"currencies.{n}.rates", told.get("rates", {})),
        )
        for n, told in _objects("currencies", value, {"key", "spendable", "rates"})
    )
    known = {one.key for one in found}
    for n, one in enumerate(found):
        for target, _rate in one.rates:
            if target not in known or target == one.key:
                raise InvalidSetting(
                    _("Give a rate to another point currency of the programme."),
                    field=f"currencies.{n}.rates.{target}",
                )
    if not found or len({one.key for one in found}) < len(found):
        raise InvalidSetting(
            _("Give one point currency or more, each with its own key."),
            field="currencies",
        )
    return found


def dump_currency(currency: Currency) -> dict[str, Any]:
    rates = {target: str(rate) for target, rate in currency.rates}
    return {"key": currency.key, "spendable": currency.spendable, "rates": rates}


def parse_clawback(value: object) -> Clawback:
    policy: Clawback = _choice("clawback", value, Clawback)
    return policy


def parse_activate_on(value: object) -> ActivateOn:
    moment: ActivateOn = _choice("activate_on", value, ActivateOn)
    return moment


def parse_point_value(value: object) -> Decimal:
    return _amount("point_value", value)


def parse_limit(field: str, value: object) -> int | None:
    return None if value is None else _whole(field, value, 0, MAX_POINTS)


def _multipliers(value: object) -> tuple[tuple[str, Decimal], ...]:
    if not isinstance(value, Mapping):
        raise InvalidSetting(
            _("Give a factor for each category."), field="earn.multipliers"
        )
    return tuple(
        (str(name), _factor(f"earn.multipliers.{name}", factor))
        for name, factor in sorted(value.items())
    )


def _rates(field: str, value: object) -> tuple[tuple[str, Decimal], ...]:
    if not isinstance(value, Mapping):
        raise InvalidSetting(_("Give a rate for each point currency."), field=field)
    return tuple(
        (str(target), _amount(f"{field}.{target}", rate))
        for target, rate in sorted(value.items())
    )


def _bonuses(value: object) -> tuple[Bonus, ...]:
    found = []
    for n, told in _objects(
        "earn.bonuses", value, {"name", "from", "to", "multiplier"}
    ):
        where = f"earn.bonuses.{n}"
        bonus = Bonus(
            name=str(told.get("name", "")),
            starts=_moment(f"{where}.from", told.get("from")),
            ends=_moment(f"{where}.to", told.get("to")),
            multiplier=_factor(f"{where}.multiplier", told.get("multiplier")),
        )
        if bonus.starts and bonus.ends and backwards(bonus.starts, bonus.ends):
            raise InvalidSetting(
                _("A period ends after it begins."), field=f"{where}.to"
            )
        found.append(bonus)
    return tuple(found)


def _dump_bonus(bonus: Bonus) -> dict[str, Any]:
    return {
        "name": bonus.name,
        "from": bonus.starts.isoformat() if bonus.starts else None,
        "to": bonus.ends.isoformat() if bonus.ends else None,
        "multiplier": str(bonus.multiplier),
    }


def _caps(value: object) -> Caps:
    told = _object("earn.caps", value, {"member_day", "member_month", "total"})
    limits = {name: parse_limit(f"earn.caps.{name}", told[name]) for name in told}
    return Caps(**limits)


def _events(value: object) -> tuple[tuple[str, int], ...]:
    told = _object("earn.events", value, set(EVENTS))
    return tuple(
        (name, _whole(f"earn.events.{name}", told[name], 0, MAX_POINTS))
        for name in sorted(told)
    )


def _stamps(value: object) -> tuple[Stamps, ...]:
    found = []
    known = {"name", "every", "points", "categories"}
    for n, told in _objects("earn.stamps", value, known):
        where = f"earn.stamps.{n}"
        found.append(
            Stamps(
                name=_key(f"{where}.name", told.get("name")),
                every=_whole(f"{where}.every", told.get("every"), 2, 1000),
                points=_whole(f"{where}.points", told.get("points"), 1, MAX_POINTS),
                categories=_words(f"{where}.categories", told.get("categories", [])),
            )
        )
    if len({one.name for one in found}) < len(found):
        raise InvalidSetting(
            _("Give each card of stamps its own name."), field="earn.stamps"
        )
    return tuple(found)


def _object(field: str, value: object, known: set[str]) -> Mapping[str, Any]:
    """Return an object of known names; anything else is refused with its field."""
    if not isinstance(value, Mapping):
        raise InvalidSetting(_("Give an object."), field=field)
    unknown = sorted(set(value) - known)
    if unknown:
        raise InvalidSetting(
            _("There is no such setting. Known: %(names)s.")
            % {"names": ", ".join(sorted(known))},
            field=f"{field}.{unknown[0]}",
        )
    return value


def _objects(
    field: str, value: object, known: set[str]
) -> list[tuple[int, Mapping[str, Any]]]:
    if not isinstance(value, (list, tuple)):
        raise InvalidSetting(_("Give a list."), field=field)
    return [(n, _object(f"{field}.{n}", one, known)) for n, one in enumerate(value)]


def _words(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise InvalidSetting(_("Give a list."), field=field)
    return tuple(str(word) for word in value)


def _key(field: str, value: object) -> str:
    text = str(value or "")
    if not (text.isascii() and text.replace("_", "").isalnum()) or len(text) > MAX_KEY:
        raise InvalidSetting(
            _("Give a key of at most %(limit)s letters, digits and underscores.")
            % {"limit": MAX_KEY},
            field=field,
        )
    return text


def parse_flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidSetting(_("Give true or false."), field=field)
    return value


def _whole(field: str, value: object, low: int, high: int) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = int(str(value)) if whole else low - 1
    if not low <= number <= high:
        raise InvalidSetting(
            _("Give a whole number from %(low)s to %(high)s.")
            % {"low": low, "high": high},
            field=field,
        )
    return number


def _choice(field: str, value: object, choices: Any) -> Any:
    known = get_args(choices)
    if value not in known:
        raise InvalidSetting(
            _("Choose one of: %(choices)s.") % {"choices": ", ".join(known)},
            field=field,
        )
    return value


def _decimal(value: object) -> Decimal:
    """A float that JSON made of 1.1 means 1.1."""
    if isinstance(value, bool):
        return Decimal("NaN")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")


def _amount(field: str, value: object) -> Decimal:
    amount = _decimal(value)
    if not (amount.is_finite() and Decimal("0.000001") <= amount <= 1_000_000_000):
        raise InvalidSetting(_("Give an amount above zero."), field=field)
    return amount


def _factor(field: str, value: object) -> Decimal:
    factor = _decimal(value)
    if not (factor.is_finite() and 0 <= factor <= 1000):
        raise InvalidSetting(_("Give a factor from 0 to 1000."), field=field)
    return factor


def _moment(field: str, value: object) -> date | datetime | None:
    if value is None:
        return None
    text, at = str(value), None
    with suppress(ValueError):
        if len(text) == len("2026-03-01"):
            return days.parse(text)
        at = datetime.fromisoformat(text)
    if at is None or at.tzinfo is None or not days.may_be(at):
        raise InvalidSetting(
            _("Give a day as 2026-03-01 or a time with its offset."), field=field
        )
    return at
