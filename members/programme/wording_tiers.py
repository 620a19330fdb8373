"""Each rule of tiers as a sentence, the way a member would be told."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from config.lib import formats
from members.programme import wording_earn as earn_words
from members.programme.rules import Settings
from members.programme.tiers import METRICS, Tier, TierSet, rolling


def sentences(settings: Settings, *, language: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (key, text, whether it is for staff) of every set, from its lowest tier."""
    for one in settings.tier_sets:
        key = f"tiers.{one.key}"
        for rank, tier in enumerate(one.tiers):
            yield key, reached(one, rank, settings, language=language), False
            if tier.multiplier != 1:
                yield key, _multiplier(tier, language), False
            for right in tier.benefits:
                words = {"tier": tier.name, "right": right}
                yield key, _("%(tier)s gives: %(right)s.") % words, False
        yield key, validity(one), False
        yield key, downgrade(one), False
        yield key, clawback(one), True


def reached(one: TierSet, rank: int, settings: Settings, *, language: str) -> str:
    tier = one.tiers[rank]
    words = {"set": one.name, "tier": tier.name}
    if rank == 0:
        return _("%(set)s: everybody begins as %(tier)s.") % words
    if tier.basis == "metric":
        group = METRICS[tier.metric][int(tier.threshold) - 1]
        text = _(
            "%(set)s: you are %(tier)s while your %(metric)s is %(group)s or better."
        )
        return text % {**words, "metric": metric_name(tier.metric), "group": group}
    if tier.basis == "spend":
        amount = earn_words.money(tier.threshold, settings, language)
        text = _("%(set)s: who spends %(amount)s %(window)s is %(tier)s.")
        return text % {**words, "amount": amount, "window": window(tier)}
    points = formats.number(int(tier.threshold), language=language)
    if tier.basis == "balance":
        text = _("%(set)s: a balance of %(points)s points makes %(tier)s.")
        return text % {**words, "points": points}
    text = _("%(set)s: who earns %(points)s points %(window)s is %(tier)s.")
    return text % {**words, "points": points, "window": window(tier)}


def metric_name(metric: str) -> str:
    return {
        "value_tier": _("value tier"),
        "stage": _("stage"),
        "r": _("recency score"),
        "f": _("frequency score"),
        "m": _("monetary score"),
    }[metric]


def window(tier: Tier) -> str:
    """The time that is counted, as it stands inside a sentence."""
    span = rolling(tier.window)
    if span is None:
        return {
            "calendar_year": pgettext("tier window", "in a calendar year"),
            "membership_year": pgettext("tier window", "in a year of membership"),
            "lifetime": pgettext("tier window", "ever"),
            "month": pgettext("tier window", "in a month"),
        }[tier.window]
    number, unit = span
    if unit == "m":
        text = ngettext("within %(n)s month", "within %(n)s months", number)
    else:
        text = ngettext("within %(n)s day", "within %(n)s days", number)
    return text % {"n": number}


def _multiplier(tier: Tier, language: str) -> str:
    factor = formats.number(tier.multiplier, language=language, places=2)
    words = {"tier": tier.name, "factor": factor}
    return _("As %(tier)s purchases earn %(factor)s times the points.") % words


def validity(one: TierSet) -> str:
    return {
        "window": _("A tier lasts as long again as what is counted for it."),
        "calendar_year": _("A tier lasts to the end of the calendar year."),
        "membership_year": _("A tier lasts to the end of the year of membership."),
    }[one.validity]


def downgrade(one: TierSet) -> str:
    if one.grace_days == 0:
        return {
            "one_step": _("Who does not reach it again by its end falls one tier."),
            "to_fit": _(
                "Who does not reach it again by its end falls to the tier that fits."
            ),
        }[one.downgrade]
    texts = {
        "one_step": ngettext(
            "Who does not reach it again falls one tier, %(days)s day after its end.",
            "Who does not reach it again falls one tier, %(days)s days after its end.",
            one.grace_days,
        ),
        "to_fit": ngettext(
            "Who does not reach it again falls to the tier that fits, %(days)s day after its end.",
            "Who does not reach it again falls to the tier that fits, %(days)s days after its end.",
            one.grace_days,
        ),
    }
    return texts[one.downgrade] % {"days": one.grace_days}


def clawback(one: TierSet) -> str:
    text = ngettext(
        "%(set)s: goods that come back within %(days)s day of reaching a tier take it back if it is not earned without them.",
        "%(set)s: goods that come back within %(days)s days of reaching a tier take it back if it is not earned without them.",
        one.clawback_days,
    )
    return text % {"set": one.name, "days": one.clawback_days}


def by_set(settings: Settings, *, language: str) -> list[tuple[TierSet, list[str]]]:
    """Each set with its sentences, those for staff last."""
    told: dict[str, list[str]] = {one.key: [] for one in settings.tier_sets}
    for key, text, _for_staff in sentences(settings, language=language):
        told[key.removeprefix("tiers.")].append(text)
    return [(one, told[one.key]) for one in settings.tier_sets]
