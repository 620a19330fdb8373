"""Benefits that come in lists, compared one by one; see `benefits`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.lib import formats
from members.programme import bonuses as spans
from members.programme import wording_earn
from members.programme.points import Currency, Earn, Stamps
from members.programme.rules import Settings

Told = Iterator[tuple[str, str]]


def categories(old: Earn, new: Earn, *, language: str) -> Told:
    """A category that is left out counts zero times, one that is not named once."""
    before, after = _factors(old), _factors(new)
    for name in sorted({*before, *after}):
        was = before.get(name, Decimal(1))
        becomes = after.get(name, Decimal(1))
        if becomes < was:
            yield (
                f"earn.multipliers.{name}",
                _(
                    "Points of this category would count %(after)s times instead of "
                    "%(before)s: %(category)s."
                )
                % {
                    "category": name,
                    "before": wording_earn.times(was, language),
                    "after": wording_earn.times(becomes, language),
                },
            )


def _factors(earn: Earn) -> dict[str, Decimal]:
    left_out = dict.fromkeys(earn.excluded_categories, Decimal(0))
    return {**dict(earn.multipliers), **left_out}


def bonuses(before: Settings, after: Settings, *, at: datetime, language: str) -> Told:
    """The first time from `at` on at which the bonuses together come to less."""
    old, new = (
        one.earn.bonuses if one.earn is not None else () for one in (before, after)
    )
    zone = after.zone
    cuts = {*spans.moments(old, zone=before.zone), *spans.moments(new, zone=zone)}
    for moment in sorted({at, *(cut for cut in cuts if cut > at)}):
        was = spans.factor_at(old, at=moment, zone=before.zone)
        becomes = spans.factor_at(new, at=moment, zone=zone)
        if becomes < was:
            yield (
                "earn.bonuses",
                _(
                    "From %(moment)s on the bonus would be %(after)s times instead of "
                    "%(before)s."
                )
                % {
                    "moment": formats.moment(moment, language=language, zone=zone),
                    "before": wording_earn.times(was, language),
                    "after": wording_earn.times(becomes, language),
                },
            )
            return


def caps(old: Earn, new: Earn, *, language: str) -> Told:
    for name, words in (
        ("member_day", _("Purchases of one day would earn at most %(after)s points.")),
        (
            "member_month",
            _("Purchases of one calendar month would earn at most %(after)s points."),
        ),
        ("total", _("All members together would earn at most %(after)s points.")),
    ):
        was, becomes = getattr(old.caps, name), getattr(new.caps, name)
        if becomes is not None and (was is None or becomes < was):
            text = words % {"after": formats.number(becomes, language=language)}
            yield f"earn.caps.{name}", text


def events(old: Earn, new: Earn, *, language: str) -> Told:
    names = {
        "sign_up": _("Joining would give %(after)s points instead of %(before)s."),
        "birthday": _("A birthday would give %(after)s points instead of %(before)s."),
        "survey": _("A survey would give %(after)s points instead of %(before)s."),
        "referral": _(
            "Bringing a friend would give %(after)s points instead of %(before)s."
        ),
    }
    for name, words in names.items():
        was, becomes = old.event(name), new.event(name)
        if becomes < was:
            told = {
                "before": formats.number(was, language=language),
                "after": formats.number(becomes, language=language),
            }
            yield f"earn.events.{name}", words % told


def stamps(old: Earn, new: Earn) -> Told:
    """A card that changes begins anew, which takes begun cards from members."""
    kept = {card.name: card for card in new.stamps}
    for card in old.stamps:
        becomes = kept.get(card.name)
        if becomes is None:
            text = _("This card of stamps would end: %(name)s.")
        elif _is_worse(card, becomes):
            text = _("This card of stamps would give less: %(name)s.")
        elif becomes != card:
            text = _("Begun cards of these stamps would start anew: %(name)s.")
        else:
            continue
        yield f"earn.stamps.{card.name}", text % {"name": card.name}


def _is_worse(old: Stamps, new: Stamps) -> bool:
    fewer_count = bool(new.categories) and (
        not old.categories or not set(old.categories) <= set(new.categories)
    )
    return new.every > old.every or new.points < old.points or fewer_count


def currencies(old: Sequence[Currency], new: Sequence[Currency]) -> Told:
    kept = {one.key: one for one in new}
    for one in old:
        becomes = kept.get(one.key)
        if becomes is None:
            text = _("These points would be given up: %(key)s.")
            yield f"currencies.{one.key}", text % {"key": one.key}
            continue
        if one.spendable and not becomes.spendable:
            text = _("These points could no longer be spent: %(key)s.")
            yield f"currencies.{one.key}.spendable", text % {"key": one.key}
        worse = [
            target
            for target, rate in one.rates
            if (becomes.rate(target) or Decimal(0)) < rate
        ]
        if worse:
            text = _("%(key)s would become less of %(targets)s.")
            targets = pgettext("between items of a list", ", ").join(worse)
            yield (
                f"currencies.{one.key}.rates",
                text % {"key": one.key, "targets": targets},
            )
