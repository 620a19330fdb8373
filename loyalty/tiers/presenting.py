"""Tiers in words, for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings as conf
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from config.lib import formats, periods
from loyalty.tiers.enums import TierReason
from loyalty.tiers.models import TierLock, TierMembership, TierNotice
from loyalty.tiers.queries import Next, Standing
from members.access.models import ApiKey, User
from members.programme import wording_earn, wording_tiers
from members.programme.rules import Settings
from members.programme.tiers import METRICS, Tier


def language() -> str:
    return get_language() or conf.LANGUAGE_CODE


def standings(found: Sequence[Standing], *, settings: Settings) -> list[dict[str, Any]]:
    return [
        {
            "set": one.tier_set,
            "tier": one.tier,
            "row": one.row,
            "why": str(TierReason(one.row.reason).label) if one.row else "",
            "until": one.until,
            "grace_until": one.grace_until,
            "missing": missing(one.next, settings) if one.next else "",
            "locks": one.locks,
        }
        for one in found
    ]


def missing(following: Next, settings: Settings) -> str:
    """What the next tier takes, as one sentence."""
    tier = following.tier
    words = {"tier": tier.name}
    if tier.basis == "metric":
        group = METRICS[tier.metric][int(tier.threshold) - 1]
        name = wording_tiers.metric_name(tier.metric)
        text = _("%(tier)s from a %(metric)s of %(group)s on.")
        return text % {**words, "metric": name, "group": group}
    amount = said(following.missing, tier, settings)
    if tier.basis == "balance":
        text = _("%(amount)s more in the balance for %(tier)s.")
        return text % {**words, "amount": amount}
    text = _("%(amount)s more %(window)s for %(tier)s.")
    return text % {**words, "amount": amount, "window": wording_tiers.window(tier)}


def said(value: Decimal, tier: Tier, settings: Settings) -> str:
    if tier.basis == "spend":
        return wording_earn.money(value, settings, language())
    points = int(value)
    text = ngettext("%(n)s point", "%(n)s points", points)
    return text % {"n": formats.number(points, language=language())}


def history(
    rows: Sequence[TierMembership], *, settings: Settings
) -> list[dict[str, Any]]:
    """Each change with the names of its tiers as the rules in force have them."""
    names = _names(settings)
    who = _who(row.actor for row in rows)
    return [
        {
            "row": row,
            "tier": names.get((row.tier_set, row.tier), row.tier),
            "previous": names.get((row.tier_set, row.previous), row.previous),
            "set": _set_name(settings, row.tier_set),
            "why": str(TierReason(row.reason).label),
            "by": who.get(row.actor, ""),
        }
        for row in rows
    ]


def notices(rows: Sequence[TierNotice], *, settings: Settings) -> list[dict[str, Any]]:
    """Each night in words, with the names the rules in force have."""
    names = _names(settings)
    return [
        {
            "run": row.run,
            "moves": [
                {
                    "set": _set_name(settings, move["set"]),
                    "from": names.get((move["set"], move["from"]), move["from"]),
                    "to": names.get((move["set"], move["to"]), move["to"]),
                    "why": str(TierReason(move["reason"]).label),
                }
                for move in row.moves
            ],
        }
        for row in rows
    ]


def locks(
    rows: Sequence[TierLock], *, at: datetime, settings: Settings
) -> list[dict[str, Any]]:
    names = _names(settings)
    who = _who(name for row in rows for name in (row.author, row.released_by))
    today = periods.day_of(at, settings.zone)
    return [
        {
            "row": row,
            "tier": names.get((row.tier_set, row.tier), row.tier),
            "author": who.get(row.author, row.author),
            "released_by": who.get(row.released_by, row.released_by),
            "open": row.released_at is None and row.until >= today,
        }
        for row in rows
    ]


def _names(settings: Settings) -> dict[tuple[str, str], str]:
    return {
        (one.key, tier.key): tier.name
        for one in settings.tier_sets
        for tier in one.tiers
    }


def _set_name(settings: Settings, key: str) -> str:
    return next((one.name for one in settings.tier_sets if one.key == key), key)


def _who(actors: Any) -> Mapping[str, str]:
    """Names of people and keys, two queries at most; the night and jobs have none."""
    ids: dict[str, set[int]] = {"user": set(), "key": set()}
    for actor in actors:
        kind, _colon, number = actor.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].add(int(number))
    found = {
        f"user:{pk}": str(one) for pk, one in User.objects.in_bulk(ids["user"]).items()
    }
    keys = ApiKey.objects.in_bulk(ids["key"])
    return {**found, **{f"key:{pk}": one.name for pk, one in keys.items()}}
