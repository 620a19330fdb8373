"""The member list as its template wants it: links that hold all state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.directory import rules, wording
from analytics.directory.forms import SORTS
from analytics.directory.queries import Count, Page
from analytics.directory.rules import Listing
from analytics.metrics.enums import Stage, ValueTier
from analytics.values.models import ValueRun
from config.lib.ui import Choice, Column
from members.access.models import Store
from members.programme.tiers import TierSet

_NUMERIC = {"orders", "spend"}
# What the form of the filters sends itself.
_CONTROLS = {"q", "store", "tier", "after"}


@dataclass(frozen=True, kw_only=True)
class MemberList:
    page: Page
    count: Count
    run: ValueRun | None
    columns: list[Column]
    stages: list[Choice]
    tiers: list[Choice]
    stores: Iterable[Store]
    kept: list[tuple[str, str]]
    scores: str
    cell: str
    q: str
    store_id: int | None
    tier_sets: list[tuple[str, list[Choice]]]
    is_filtered: bool
    clear: str
    first: str
    next: str


def list_url(**params: Any) -> str:
    query = QueryDict(mutable=True)
    for name, value in params.items():
        query[name] = str(value)
    return reverse("insights:members") + (f"?{query.urlencode()}" if params else "")


def member_list(
    *,
    request: HttpRequest,
    listing: Listing,
    page: Page,
    count: Count,
    run: ValueRun | None,
    stores: Iterable[Store],
    tier_sets: Sequence[TierSet],
) -> MemberList:
    here = request.GET
    filters = set(here) - {"sort", "dir", "after"}
    return MemberList(
        page=page,
        count=count,
        run=run,
        columns=[
            *(_column(listing, here, key, str(text)) for key, text in SORTS),
            Column(_("Stage")),
        ],
        stages=_choices(here, "stage", Stage.choices),
        tiers=_choices(here, "value_tier", ValueTier.choices),
        stores=stores,
        kept=[(n, str(v)) for n, v in here.items() if n not in _CONTROLS],
        scores=_scores(listing),
        cell=wording.cell_words(listing.behind) if listing.behind else "",
        q=listing.q,
        store_id=listing.store_id,
        tier_sets=[(one.name, _tiers(one, listing)) for one in tier_sets],
        is_filtered=any(here[name] for name in filters),
        clear=list_url(),
        first=_with(here) if listing.after else "",
        next=_with(here, after=rules.encode(page.after)) if page.after else "",
    )


def _with(here: QueryDict, **changes: str | None) -> str:
    """Return this list's address with changes; the place in it starts anew."""
    query = here.copy()
    query.pop("after", None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"?{query.urlencode()}"


def _column(listing: Listing, here: QueryDict, key: str, text: str) -> Column:
    sort = rules.SORTS[key]
    current = listing.sort.key == key
    turned = "asc" if listing.direction == "desc" else "desc"
    url = _with(here, sort=key, dir=turned if current else sort.first)
    order = ""
    if current:
        order = "ascending" if listing.direction == "asc" else "descending"
    return Column(text, url, order, numeric=key in _NUMERIC)


def _choices(
    here: QueryDict, name: str, choices: list[tuple[str, Any]]
) -> list[Choice]:
    now = here.get(name, "")
    every = Choice(_("All"), _with(here, **{name: None}), current=not now)
    return [every] + [
        Choice(str(text), _with(here, **{name: value}), current=now == value)
        for value, text in choices
    ]


def _tiers(one: TierSet, listing: Listing) -> list[Choice]:
    asked = listing.tier
    return [
        Choice(
            tier.name,
            f"{one.key}:{tier.key}",
            current=asked is not None
            and (asked.tier_set, asked.tier) == (one.key, tier.key),
        )
        for tier in one.tiers
    ]


def _scores(listing: Listing) -> str:
    """Say which RFM scores are asked for, as `R5 F4`."""
    named = (("R", listing.r), ("F", listing.f), ("M", listing.m))
    return " ".join(f"{letter}{score}" for letter, score in named if score)


def count_text(count: Count, *, number: str) -> str:
    """Say how many members there are; an estimate is called one."""
    if count.is_estimate:
        return _("about %(number)s members (estimated)") % {"number": number}
    text = ngettext("%(number)s member", "%(number)s members", count.value)
    return text % {"number": number}
