"""What falls where tiers change: higher thresholds, lower factors, fewer rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from members.programme import wording_earn
from members.programme.rules import Settings
from members.programme.tiers import Tier, TierSet

Told = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Voice:
    """How what tiers take and give is written, in a language."""

    settings: Settings
    language: str

    def threshold(self, tier: Tier) -> str:
        if tier.basis == "spend":
            return wording_earn.money(tier.threshold, self.settings, self.language)
        return wording_earn.times(tier.threshold, self.language)

    def factor(self, tier: Tier) -> str:
        return wording_earn.times(tier.multiplier, self.language)


def sets(before: Settings, after: Settings, *, language: str) -> Told:
    kept = {one.key: one for one in after.tier_sets}
    for one in before.tier_sets:
        becomes = kept.get(one.key)
        where = f"tier_sets.{one.key}"
        if becomes is None:
            yield (
                where,
                _("These tiers would be given up: %(key)s.") % {"key": one.name},
            )
            continue
        if becomes.validity != one.validity:
            yield (
                f"{where}.validity",
                _("Some members would hold a tier for a shorter time: %(key)s.")
                % {"key": one.name},
            )
        if becomes.clawback_days > one.clawback_days:
            yield (
                f"{where}.clawback_days",
                _(
                    "Days in which returns take a tier back would rise from %(old)s to "
                    "%(new)s."
                )
                % {"old": one.clawback_days, "new": becomes.clawback_days},
            )
        yield from _tiers(where, one, becomes, Voice(after, language))


def _tiers(where: str, old: TierSet, new: TierSet, said: Voice) -> Told:
    now = {tier.key: tier for tier in new.tiers}
    # Nobody falls out of the lowest tier, so its end says nothing.
    held = [tier for tier in old.tiers[1:] if tier.key in now]
    if any(new.grace_of(now[tier.key]) < old.grace_of(tier) for tier in held):
        yield (
            f"{where}.grace_days",
            _("Members would fall sooner after a tier ends: %(key)s.")
            % {"key": old.name},
        )
    if any(
        (old.downgrade_of(tier), new.downgrade_of(now[tier.key]))
        == ("one_step", "to_fit")
        for tier in held
    ):
        yield (
            f"{where}.downgrade",
            _("Members could fall by more than one tier at a time: %(key)s.")
            % {"key": old.name},
        )
    for tier in old.tiers:
        yield from _tier(f"{where}.{tier.key}", tier, now.get(tier.key), said)


def _tier(where: str, old: Tier, new: Tier | None, said: Voice) -> Told:
    name = {"tier": old.name}
    if new is None:
        yield where, _("This tier would be given up: %(tier)s.") % name
        return
    if (old.basis, old.metric, old.window) != (new.basis, new.metric, new.window):
        text = _("Another measure would decide on this tier: %(tier)s.")
        yield f"{where}.basis", text % name
    elif new.threshold > old.threshold:
        yield (
            f"{where}.threshold",
            _("The tier %(tier)s would take %(new)s instead of %(old)s.")
            % {**name, "old": said.threshold(old), "new": said.threshold(new)},
        )
    if new.multiplier < old.multiplier:
        yield (
            f"{where}.multiplier",
            _("Points of the tier %(tier)s would count %(new)s times, not %(old)s.")
            % {**name, "old": said.factor(old), "new": said.factor(new)},
        )
    gone = [right for right in old.benefits if right not in new.benefits]
    if gone:
        rights = pgettext("between items of a list", ", ").join(gone)
        yield (
            f"{where}.benefits",
            _("The tier %(tier)s would lose: %(rights)s.") % {**name, "rights": rights},
        )
