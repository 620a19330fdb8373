"""Each rule of points as one sentence, the way a member would be told.

Whole sentences with placeholders: no language is glued together from parts. Texts are
in the language that is active; `language` forms numbers and dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext

from config.lib import formats
from members.programme import wording_earn as earn_words
from members.programme import wording_tiers as tier_words
from members.programme.points import Currency, Earn
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One rule; `key` names what it is about, `for_staff` says who it concerns."""

    key: str
    text: str
    for_staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a version says otherwise about one thing: the sentences before and after."""

    key: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def sentences(settings: Settings, *, language: str) -> list[Sentence]:
    """Return every rule of points in force under these settings."""
    told: list[Sentence] = []
    if settings.earn is not None:
        told += _earn_sentences(settings.earn, settings, language)
    else:
        told.append(Sentence(key="earn", text=_("Purchases earn no points.")))
    told += [
        Sentence(key="pending", text=pending(settings)),
        Sentence(key="expiry", text=expiry(settings)),
        Sentence(key="clawback", text=clawback(settings)),
        Sentence(key="value", text=value(settings, language=language)),
        Sentence(key="grace", text=grace(settings)),
        *(Sentence(key="currency", text=text) for text in currencies(settings)),
        Sentence(
            key="approval", text=approval(settings, language=language), for_staff=True
        ),
        *(
            Sentence(key=key, text=text, for_staff=for_staff)
            for key, text, for_staff in tier_words.sentences(
                settings, language=language
            )
        ),
    ]
    return told


def changes(before: Settings, after: Settings, *, language: str) -> list[Change]:
    """Return what `after` says otherwise than `before`, in the order of the rules."""
    return changed(*(sentences(one, language=language) for one in (before, after)))


def changed(before: Iterable[Sentence], after: Iterable[Sentence]) -> list[Change]:
    """Return the sentences that are not on both sides, by what they are about."""
    old, new = _by_key(before), _by_key(after)
    keys = dict.fromkeys([*new, *old])
    return [
        Change(
            key=key,
            before=tuple(
                text for text in old.get(key, ()) if text not in new.get(key, ())
            ),
            after=tuple(
                text for text in new.get(key, ()) if text not in old.get(key, ())
            ),
        )
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _by_key(told: Iterable[Sentence]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in told:
        found.setdefault(one.key, []).append(one.text)
    return found


def _earn_sentences(earn: Earn, settings: Settings, language: str) -> list[Sentence]:
    told = [("earn", earn_words.earning(earn, settings, language=language))]
    if earn.excluded_categories:
        told.append(("excluded", earn_words.excluded(earn)))
    told += [
        ("multiplier", earn_words.multiplier(name, factor, language=language))
        for name, factor in earn.multipliers
    ]
    told += [
        ("bonus", earn_words.bonus(one, settings, language=language))
        for one in earn.bonuses
    ]
    told += [("cap", text) for text in earn_words.caps(earn, language=language)]
    told += [
        ("event", earn_words.event(name, points, language=language))
        for name, points in earn.events
        if points
    ]
    told += [
        ("stamps", earn_words.stamps(rule, language=language)) for rule in earn.stamps
    ]
    return [Sentence(key=key, text=text) for key, text in told]


def pending(settings: Settings) -> str:
    days = settings.pending_days
    if settings.activate_on == "delivery":
        if days == 0:
            return _("Points can be used once the order is delivered.")
        text = ngettext(
            "Points can be used once the order is delivered, at the latest %(days)s day after the purchase.",
            "Points can be used once the order is delivered, at the latest %(days)s days after the purchase.",
            days,
        )
    elif days == 0:
        return _("Points can be used at once.")
    else:
        text = ngettext(
            "Points can be used %(days)s day after the purchase.",
            "Points can be used %(days)s days after the purchase.",
            days,
        )
    return text % {"days": days}


def expiry(settings: Settings) -> str:
    rule = settings.expiry
    if rule.months is None:
        return _("Points do not expire.")
    months = rule.months
    by_lot = {
        "none": ngettext(
            "Points expire %(months)s month after the purchase, at the end of that day.",
            "Points expire %(months)s months after the purchase, at the end of that day.",
            months,
        ),
        "month": ngettext(
            "Points expire %(months)s month after the purchase, at the end of that month.",
            "Points expire %(months)s months after the purchase, at the end of that month.",
            months,
        ),
        "quarter": ngettext(
            "Points expire %(months)s month after the purchase, at the end of that quarter.",
            "Points expire %(months)s months after the purchase, at the end of that quarter.",
            months,
        ),
        "half_year": ngettext(
            "Points expire %(months)s month after the purchase, at the end of that half-year.",
            "Points expire %(months)s months after the purchase, at the end of that half-year.",
            months,
        ),
        "year": ngettext(
            "Points expire %(months)s month after the purchase, at the end of that year.",
            "Points expire %(months)s months after the purchase, at the end of that year.",
            months,
        ),
    }
    texts = by_lot if rule.by == "lot" else _expiry_by_inactivity(months)
    return texts[rule.rounding] % {"months": months}


def _expiry_by_inactivity(months: int) -> dict[str, str]:
    return {
        "none": ngettext(
            "Points expire %(months)s month after you last earned or used any, at the end of that day.",
            "Points expire %(months)s months after you last earned or used any, at the end of that day.",
            months,
        ),
        "month": ngettext(
            "Points expire %(months)s month after you last earned or used any, at the end of that month.",
            "Points expire %(months)s months after you last earned or used any, at the end of that month.",
            months,
        ),
        "quarter": ngettext(
            "Points expire %(months)s month after you last earned or used any, at the end of that quarter.",
            "Points expire %(months)s months after you last earned or used any, at the end of that quarter.",
            months,
        ),
        "half_year": ngettext(
            "Points expire %(months)s month after you last earned or used any, at the end of that half-year.",
            "Points expire %(months)s months after you last earned or used any, at the end of that half-year.",
            months,
        ),
        "year": ngettext(
            "Points expire %(months)s month after you last earned or used any, at the end of that year.",
            "Points expire %(months)s months after you last earned or used any, at the end of that year.",
            months,
        ),
    }


def clawback(settings: Settings) -> str:
    return {
        "own_then_debt": _(
            "What you return takes its points back; if you have spent them, your next points pay for them."
        ),
        "not_below_zero": _(
            "What you return takes its points back, as far as you still have them."
        ),
        "pending_only": _(
            "What you return takes its points back, unless they can be used already."
        ),
    }[settings.clawback]


def value(settings: Settings, *, language: str) -> str:
    """As many points as are worth a whole amount, so that no fraction must be read."""
    points = 1
    while (
        points < 1_000_000
        and (worth := points * settings.point_value.scaleb(settings.exponent))
        != worth.to_integral_value()
    ):
        points *= 10
    text = ngettext(
        "%(points)s point pays %(amount)s.", "%(points)s points pay %(amount)s.", points
    )
    return text % {
        "points": formats.number(points, language=language),
        "amount": earn_words.money(points * settings.point_value, settings, language),
    }


def grace(settings: Settings) -> str:
    days = settings.restore_grace_days
    if days == 0:
        return _(
            "Points you paid with come back when you return what they paid; those that have expired last until the end of that day."
        )
    text = ngettext(
        "Points you paid with come back when you return what they paid; those that have expired last %(days)s more day.",
        "Points you paid with come back when you return what they paid; those that have expired last %(days)s more days.",
        days,
    )
    return text % {"days": days}


def currencies(settings: Settings) -> list[str]:
    """One kind of points that can be spent goes without saying."""
    if len(settings.currencies) == 1 and settings.currencies[0].spendable:
        return []
    return [text for one in settings.currencies for text in _currency(one)]


def _currency(one: Currency) -> list[str]:
    told = (
        _("%(key)s can be spent.")
        if one.spendable
        else _("%(key)s count, but cannot be spent.")
    )
    rates = [
        _("1 of %(key)s becomes %(rate)s of %(target)s.")
        % {"key": one.key, "rate": rate, "target": target}
        for target, rate in one.rates
    ]
    return [told % {"key": one.key}, *rates]


def approval(settings: Settings, *, language: str) -> str:
    limit = settings.adjustment_approval_above
    if limit is None:
        return _("Adjustments need no second person.")
    if limit == 0:
        return _("Every adjustment needs a second person.")
    text = npgettext(
        "limit of an adjustment",
        "Adjustments of more than %(points)s point need a second person.",
        "Adjustments of more than %(points)s points need a second person.",
        limit,
    )
    return text % {"points": formats.number(limit, language=language)}
