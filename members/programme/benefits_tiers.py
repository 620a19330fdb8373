"""What falls where tiers change: higher thresholds, lower factors, fewer rights.

It reads the sets by the names of their fields alone, so it stands beside whatever holds
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


class TierLike(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def threshold(self) -> Decimal: ...
    @property
    def basis(self) -> str: ...
    @property
    def window(self) -> str: ...
    @property
    def multiplier(self) -> Decimal: ...
    @property
    def benefits(self) -> Sequence[str]: ...


class SetLike(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def tiers(self) -> Sequence[TierLike]: ...
    @property
    def downgrade(self) -> str: ...
    @property
    def grace_days(self) -> int: ...


Told = Iterator[tuple[str, str]]


def sets(old: Sequence[SetLike], new: Sequence[SetLike]) -> Told:
    kept = {one.key: one for one in new}
    for one in old:
        becomes = kept.get(one.key)
        where = f"tier_sets.{one.key}"
        if becomes is None:
            yield where, _("These tiers would be given up: %(key)s.") % {"key": one.key}
            continue
        if becomes.grace_days < one.grace_days:
            yield (
                f"{where}.grace_days",
                _("Days of grace after a tier ends would fall from %(old)s to %(new)s.")
                % {"old": one.grace_days, "new": becomes.grace_days},
            )
        if (one.downgrade, becomes.downgrade) == ("one_step", "to_fit"):
            yield (
                f"{where}.downgrade",
                _("Members could fall by more than one tier at a time: %(key)s.")
                % {"key": one.key},
            )
        now = {tier.key: tier for tier in becomes.tiers}
        for tier in one.tiers:
            yield from _tier(f"{where}.{tier.key}", tier, now.get(tier.key))


def _tier(where: str, old: TierLike, new: TierLike | None) -> Told:
    name = {"tier": old.name or old.key}
    if new is None:
        yield where, _("This tier would be given up: %(tier)s.") % name
        return
    if (old.basis, old.window) != (new.basis, new.window):
        text = _("Another measure would decide on this tier: %(tier)s.")
        yield f"{where}.basis", text % name
    elif new.threshold > old.threshold:
        yield (
            f"{where}.threshold",
            _("The tier %(tier)s would take %(new)s instead of %(old)s.")
            % {
                **name,
                "old": f"{old.threshold.normalize():f}",
                "new": f"{new.threshold.normalize():f}",
            },
        )
    if new.multiplier < old.multiplier:
        yield (
            f"{where}.multiplier",
            _("Points of the tier %(tier)s would count %(new)s times, not %(old)s.")
            % {
                **name,
                "old": f"{old.multiplier.normalize():f}",
                "new": f"{new.multiplier.normalize():f}",
            },
        )
    gone = [right for right in old.benefits if right not in new.benefits]
    if gone:
        rights = pgettext("between items of a list", ", ").join(gone)
        yield (
            f"{where}.benefits",
            _("The tier %(tier)s would lose: %(rights)s.") % {**name, "rights": rights},
        )
