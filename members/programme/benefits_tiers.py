"""What falls where tiers change: higher thresholds, lower factors, fewer rights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from members.programme.tiers import Tier, TierSet, plain

Told = Iterator[tuple[str, str]]


def sets(old: Sequence[TierSet], new: Sequence[TierSet]) -> Told:
    kept = {one.key: one for one in new}
    for one in old:
        becomes = kept.get(one.key)
        where = f"tier_sets.{one.key}"
        if becomes is None:
            yield where, _("These tiers would be given up: %(key)s.") % {"key": one.key}
            continue
        if becomes.validity != one.validity:
            yield (
                f"{where}.validity",
                _("Some members would hold a tier for a shorter time: %(key)s.")
                % {"key": one.key},
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
        yield from _tiers(where, one, becomes)


def _tiers(where: str, old: TierSet, new: TierSet) -> Told:
    now = {tier.key: tier for tier in new.tiers}
    # Nobody falls out of the lowest tier, so its end says nothing.
    held = [tier for tier in old.tiers[1:] if tier.key in now]
    if any(new.grace_of(now[tier.key]) < old.grace_of(tier) for tier in held):
        yield (
            f"{where}.grace_days",
            _("Members would fall sooner after a tier ends: %(key)s.")
            % {"key": old.key},
        )
    if any(
        (old.downgrade_of(tier), new.downgrade_of(now[tier.key]))
        == ("one_step", "to_fit")
        for tier in held
    ):
        yield (
            f"{where}.downgrade",
            _("Members could fall by more than one tier at a time: %(key)s.")
            % {"key": old.key},
        )
    for tier in old.tiers:
        yield from _tier(f"{where}.{tier.key}", tier, now.get(tier.key))


def _tier(where: str, old: Tier, new: Tier | None) -> Told:
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
            % {**name, "old": plain(old.threshold), "new": plain(new.threshold)},
        )
    if new.multiplier < old.multiplier:
        yield (
            f"{where}.multiplier",
            _("Points of the tier %(tier)s would count %(new)s times, not %(old)s.")
            % {**name, "old": plain(old.multiplier), "new": plain(new.multiplier)},
        )
    gone = [right for right in old.benefits if right not in new.benefits]
    if gone:
        rights = pgettext("between items of a list", ", ").join(gone)
        yield (
            f"{where}.benefits",
            _("The tier %(tier)s would lose: %(rights)s.") % {**name, "rights": rights},
        )
