"""The sets of tiers shops begin with."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from members.programme.tiers import Tier, TierSet


def by_key() -> dict[str, TierSet]:
    """The four sets shops begin with; texts in the language that is active."""
    return {one.key: one for one in (_value(), _potential(), _vip(), _simple())}


def _value() -> TierSet:
    return TierSet(
        key="value",
        name=_("Value tiers"),
        downgrade="to_fit",
        tiers=(
            Tier(key="low", name=pgettext("tier", "Low"), basis="spend"),
            Tier(
                key="middle",
                name=pgettext("tier", "Middle"),
                basis="spend",
                threshold=Decimal(200),
            ),
            Tier(
                key="high",
                name=pgettext("tier", "High"),
                basis="spend",
                threshold=Decimal(1000),
            ),
        ),
    )


def _potential() -> TierSet:
    """Whoever has bought well of late, though not much yet, may become a high one."""
    return TierSet(
        key="potential",
        name=_("High, potential, ordinary"),
        downgrade="to_fit",
        tiers=(
            Tier(key="ordinary", name=_("Ordinary"), basis="spend"),
            Tier(
                key="potential",
                name=_("Potential"),
                basis="spend",
                threshold=Decimal(100),
                window="rolling_90d",
            ),
            Tier(
                key="high",
                name=pgettext("tier", "High"),
                basis="spend",
                threshold=Decimal(1000),
            ),
        ),
    )


def _vip() -> TierSet:
    """A month's spending of 100 makes a VIP; who has bought at all is no longer new."""
    return TierSet(
        key="vip",
        name=_("VIP, ordinary, new"),
        downgrade="to_fit",
        tiers=(
            Tier(key="new", name=_("New"), basis="spend", window="lifetime"),
            Tier(
                key="ordinary",
                name=_("Ordinary"),
                basis="spend",
                threshold=Decimal("0.01"),
                window="lifetime",
            ),
            Tier(
                key="vip",
                name=_("VIP"),
                basis="spend",
                threshold=Decimal(100),
                window="month",
                benefits=(_("The exclusive VIP discount"),),
            ),
        ),
    )


def _simple() -> TierSet:
    return TierSet(
        key="simple",
        name=_("High, ordinary, low"),
        tiers=(
            Tier(key="low", name=pgettext("tier", "Low")),
            Tier(key="ordinary", name=_("Ordinary"), threshold=Decimal(300)),
            Tier(key="high", name=pgettext("tier", "High"), threshold=Decimal(1000)),
        ),
        grace_days=30,
    )
