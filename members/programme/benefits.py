"""Which benefits of members fall from one version to the next, in words.

Each benefit is judged by itself: a higher rate does not make up for a shorter expiry.
What could be less for somebody counts as falling; whether it is so on the whole is
what a replay says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from config.lib import formats
from members.programme import benefits_lists as lists
from members.programme import benefits_tiers as tiers
from members.programme import wording, wording_earn
from members.programme.points import Earn
from members.programme.rules import Settings

# The same gentleness from left to right: a later word never takes more.
_CLAWBACK = ("own_then_debt", "not_below_zero", "pending_only")
_ROUNDING = ("none", "month", "quarter", "half_year", "year")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A benefit that falls: `key` names the setting, `text` says it to a person."""

    key: str
    text: str


def lowered(
    before: Settings, after: Settings, *, at: datetime, language: str
) -> list[Loss]:
    """Return every benefit that is less under `after`, which holds from `at` on."""
    told = (
        *_earning(before, after, at=at, language=language),
        *_waiting(before, after),
        *_expiry(before, after),
        *_worth(before, after, language=language),
        *lists.currencies(before.currencies, after.currencies),
        *tiers.sets(before, after, language=language),
        *_safeguard(before, after),
    )
    return [Loss(key=key, text=text) for key, text in told]


Told = Iterator[tuple[str, str]]


def _earning(before: Settings, after: Settings, *, at: datetime, language: str) -> Told:
    old, new = before.earn, after.earn
    old_earns = old is not None and old.points > 0
    if old_earns and (new is None or new.points == 0):
        yield "earn", _("Purchases would earn no points any more.")
    new = new or Earn(points=0)
    old = old or Earn(points=0)
    if old_earns and new.points:
        yield from _rate(old, new, after, language)
        yield from _roundings(old, new)
        if (old.base, new.base) == ("net_paid", "net_goods"):
            yield "earn.base", _("Gift cards and shipping would no longer count.")
        yield from lists.categories(old, new, language=language)
        yield from lists.bonuses(before, after, at=at, language=language)
        yield from lists.caps(old, new, language=language)
    yield from lists.events(old, new, language=language)
    yield from lists.stamps(old, new)


def _rate(old: Earn, new: Earn, settings: Settings, language: str) -> Told:
    """The rate is told for the amount that the old rule speaks of."""
    for_amount = Fraction(new.points) / Fraction(new.per_amount)
    for_amount *= Fraction(old.per_amount)
    if for_amount < old.points:
        less = Decimal(for_amount.numerator) / Decimal(for_amount.denominator)
        yield (
            "earn.points",
            _("Points for every %(amount)s would fall from %(before)s to %(after)s.")
            % {
                "amount": wording_earn.money(old.per_amount, settings, language),
                "before": formats.number(old.points, language=language),
                "after": wording_earn.times(round(less, 4), language),
            },
        )


def _roundings(old: Earn, new: Earn) -> Told:
    """Only two steps never take a point from anybody: away from rounding every line
    down, and from rounding an order down to rounding it to the nearest point."""
    was, becomes = (old.per, old.rounding), (new.per, new.rounding)
    kinder = was == ("line", "floor") or (was, becomes) == (
        ("order", "floor"),
        ("order", "half_up"),
    )
    if was != becomes and not kinder:
        yield (
            "earn.rounding",
            _("Some orders would earn less by the way points are rounded."),
        )


def _waiting(before: Settings, after: Settings) -> Told:
    was, becomes = _longest_wait(before), _longest_wait(after)
    if was is not None and becomes is None:
        yield "activate_on", _("Points could not be used before delivery.")
    elif was is not None and becomes is not None and becomes > was:
        yield (
            "pending_days",
            _("Days of waiting would rise from %(before)s to %(after)s.")
            % {"before": was, "after": becomes},
        )
    if (before.activate_on, after.activate_on) == ("delivery", "time") and becomes:
        yield "activate_on", _("Delivery would no longer make points usable at once.")


def _longest_wait(settings: Settings) -> int | None:
    """Days until points can be used at the latest; None: only delivery says."""
    if settings.activate_on == "delivery" and settings.pending_days == 0:
        return None
    return settings.pending_days


def _expiry(before: Settings, after: Settings) -> Told:
    old, new = before.expiry, after.expiry
    if new.months is None:
        return
    if old.months is None:
        yield (
            "expiry.months",
            _("Points would expire; until now they do not."),
        )
        return
    if new.months < old.months:
        yield (
            "expiry.months",
            _("Months until points expire would fall from %(before)s to %(after)s.")
            % {"before": old.months, "after": new.months},
        )
    if _ROUNDING.index(new.rounding) < _ROUNDING.index(old.rounding):
        yield (
            "expiry.rounding",
            _("Points would no longer last until the end of so long a period."),
        )
    if (old.by, new.by) == ("inactivity", "lot"):
        yield "expiry.by", _("Purchases would no longer keep older points alive.")


def _worth(before: Settings, after: Settings, *, language: str) -> Told:
    if _CLAWBACK.index(after.clawback) < _CLAWBACK.index(before.clawback):
        yield (
            "clawback",
            _("Returns would take more back. New: %(rule)s")
            % {"rule": wording.clawback(after)},
        )
    if after.point_value < before.point_value:
        yield (
            "point_value",
            _("A point would pay less. New: %(rule)s")
            % {"rule": wording.value(after, language=language)},
        )
    if after.restore_grace_days < before.restore_grace_days:
        yield (
            "restore_grace_days",
            _(
                "Days that expired points last when they are given back would fall "
                "from %(before)s to %(after)s."
            )
            % {"before": before.restore_grace_days, "after": after.restore_grace_days},
        )


def _safeguard(before: Settings, after: Settings) -> Told:
    """No benefit, but what guards all of them; else one person could do away with it."""
    if before.publish_approval and not after.publish_approval:
        yield (
            "publish_approval",
            _("Versions that lower benefits would no longer need a second person."),
        )
