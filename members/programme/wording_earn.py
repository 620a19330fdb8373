"""How orders and occasions earn, each rule as one sentence; see `wording`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy, pgettext

from config.lib import formats
from members.programme.points import Bonus, Earn, Stamps
from members.programme.rules import Settings

# By (each order or line, rounding, base); the number of points decides the form.
_EARNING = {
    ("order", "floor", "net_goods"): ngettext_lazy(
        "%(points)s point for every %(amount)s you spend, rounded down once per order; gift cards and shipping do not count.",
        "%(points)s points for every %(amount)s you spend, rounded down once per order; gift cards and shipping do not count.",
        "n",
    ),
    ("order", "floor", "net_paid"): ngettext_lazy(
        "%(points)s point for every %(amount)s you pay, rounded down once per order; gift cards and shipping count too.",
        "%(points)s points for every %(amount)s you pay, rounded down once per order; gift cards and shipping count too.",
        "n",
    ),
    ("order", "half_up", "net_goods"): ngettext_lazy(
        "%(points)s point for every %(amount)s you spend, rounded to the nearest point once per order; gift cards and shipping do not count.",
        "%(points)s points for every %(amount)s you spend, rounded to the nearest point once per order; gift cards and shipping do not count.",
        "n",
    ),
    ("order", "half_up", "net_paid"): ngettext_lazy(
        "%(points)s point for every %(amount)s you pay, rounded to the nearest point once per order; gift cards and shipping count too.",
        "%(points)s points for every %(amount)s you pay, rounded to the nearest point once per order; gift cards and shipping count too.",
        "n",
    ),
    ("line", "floor", "net_goods"): ngettext_lazy(
        "%(points)s point for every %(amount)s you spend, rounded down for each line of the receipt; gift cards and shipping do not count.",
        "%(points)s points for every %(amount)s you spend, rounded down for each line of the receipt; gift cards and shipping do not count.",
        "n",
    ),
    ("line", "floor", "net_paid"): ngettext_lazy(
        "%(points)s point for every %(amount)s you pay, rounded down for each line of the receipt; gift cards and shipping count too.",
        "%(points)s points for every %(amount)s you pay, rounded down for each line of the receipt; gift cards and shipping count too.",
        "n",
    ),
    ("line", "half_up", "net_goods"): ngettext_lazy(
        "%(points)s point for every %(amount)s you spend, rounded to the nearest point for each line of the receipt; gift cards and shipping do not count.",
        "%(points)s points for every %(amount)s you spend, rounded to the nearest point for each line of the receipt; gift cards and shipping do not count.",
        "n",
    ),
    ("line", "half_up", "net_paid"): ngettext_lazy(
        "%(points)s point for every %(amount)s you pay, rounded to the nearest point for each line of the receipt; gift cards and shipping count too.",
        "%(points)s points for every %(amount)s you pay, rounded to the nearest point for each line of the receipt; gift cards and shipping count too.",
        "n",
    ),
}


def earning(earn: Earn, settings: Settings, *, language: str) -> str:
    if earn.points == 0:
        return _("Purchases earn no points.")
    template = _EARNING[earn.per, earn.rounding, earn.base]
    return str(
        template
        % {
            "n": earn.points,
            "points": formats.number(earn.points, language=language),
            "amount": money(earn.per_amount, settings, language),
        }
    )


def excluded(earn: Earn) -> str:
    return _("No points for these categories: %(categories)s.") % {
        "categories": _list(earn.excluded_categories)
    }


def multiplier(category: str, factor: Decimal, *, language: str) -> str:
    if factor == 0:
        return _("No points for this category: %(category)s.") % {"category": category}
    if factor == 2:
        return _("Points count double for this category: %(category)s.") % {
            "category": category
        }
    return _("Points count %(factor)s times for this category: %(category)s.") % {
        "factor": times(factor, language),
        "category": category,
    }


def bonus(one: Bonus, settings: Settings, *, language: str) -> str:
    double = one.multiplier == 2
    texts = {
        "always": (_("Points count double."), _("Points count %(factor)s times.")),
        "from": (
            _("From %(first)s on points count double."),
            _("From %(first)s on points count %(factor)s times."),
        ),
        "until": (
            _("Until %(last)s points count double."),
            _("Until %(last)s points count %(factor)s times."),
        ),
        "on": (
            _("On %(first)s points count double."),
            _("On %(first)s points count %(factor)s times."),
        ),
        "between": (
            _("From %(first)s to %(last)s points count double."),
            _("From %(first)s to %(last)s points count %(factor)s times."),
        ),
    }
    return texts[_span(one)][0 if double else 1] % {
        "first": _moment(one.starts, settings, language),
        "last": _moment(one.ends, settings, language),
        "factor": times(one.multiplier, language),
    }


def _span(one: Bonus) -> str:
    if one.starts is None:
        return "always" if one.ends is None else "until"
    if one.ends is None:
        return "from"
    return "on" if one.starts == one.ends else "between"


def caps(earn: Earn, *, language: str) -> list[str]:
    limits = [
        (
            earn.caps.member_day,
            _("Purchases of one day earn at most %(points)s points."),
        ),
        (
            earn.caps.member_month,
            _("Purchases of one calendar month earn at most %(points)s points."),
        ),
        (
            earn.caps.total,
            _("All members together can earn at most %(points)s points."),
        ),
    ]
    return [
        text % {"points": formats.number(limit, language=language)}
        for limit, text in limits
        if limit is not None
    ]


def event(name: str, points: int, *, language: str) -> str:
    texts = {
        "sign_up": ngettext(
            "%(points)s point when you join.",
            "%(points)s points when you join.",
            points,
        ),
        "birthday": ngettext(
            "%(points)s point on your birthday.",
            "%(points)s points on your birthday.",
            points,
        ),
        "survey": ngettext(
            "%(points)s point for answering a survey.",
            "%(points)s points for answering a survey.",
            points,
        ),
        "referral": ngettext(
            "%(points)s point for bringing a friend.",
            "%(points)s points for bringing a friend.",
            points,
        ),
    }
    return texts[name] % {"points": formats.number(points, language=language)}


def stamps(rule: Stamps, *, language: str) -> str:
    values = {
        "every": formats.number(rule.every, language=language),
        "points": formats.number(rule.points, language=language),
        "categories": _list(rule.categories),
    }
    if rule.categories:
        text = ngettext(
            "%(points)s point with every %(every)s orders that hold one of these categories: %(categories)s.",
            "%(points)s points with every %(every)s orders that hold one of these categories: %(categories)s.",
            rule.points,
        )
    else:
        text = ngettext(
            "%(points)s point with every %(every)s orders.",
            "%(points)s points with every %(every)s orders.",
            rule.points,
        )
    return text % values


def money(amount: Decimal, settings: Settings, language: str) -> str:
    return formats.money(
        amount.scaleb(settings.exponent),
        currency=settings.currency,
        exponent=settings.exponent,
        language=language,
        places=max(settings.exponent, _places(amount)),
    )


def times(factor: Decimal, language: str) -> str:
    return formats.number(factor, language=language, places=_places(factor))


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _moment(at: date | datetime | None, settings: Settings, language: str) -> str:
    if isinstance(at, datetime):
        return formats.moment(at, language=language, zone=settings.zone)
    return formats.day(at, language=language)


def _list(words: Iterable[str]) -> str:
    return pgettext("between items of a list", ", ").join(words)
