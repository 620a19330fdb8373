"""Every kind of page the member list offers: filters by sorts by places in the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from analytics.directory import rules
from analytics.directory.rules import SORTS, Place, Sort
from analytics.values.models import MemberValue
from members.access.models import Store
from members.profiles.models import Member

CLERK = "clerk"
CELL = "v.r = 5 AND v.f = 5"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A filter; `where` says the same in SQL, None where a search cuts its matches."""

    name: str
    params: dict[str, str]
    where: str | None = None
    user: str = "admin"


@dataclass(frozen=True, kw_only=True)
class Page:
    kind: Kind
    url: str
    deep: bool


def kinds() -> list[Kind]:
    store = str(Store.objects.order_by("pk")[6].pk)
    in_store = f"m.store_id = {store}"
    return [
        Kind(name="all", params={}, where="true"),
        *(
            Kind(name="stage", params={"stage": stage}, where=f"v.stage = '{stage}'")
            for stage in ("prospect", "first", "repeat", "loyal", "churned")
        ),
        *(
            Kind(
                name="tier",
                params={"value_tier": tier},
                where=f"v.value_tier = '{tier}'",
            )
            for tier in ("high", "middle", "low")
        ),
        Kind(name="score", params={"r": "4"}, where="v.r = 4"),
        Kind(
            name="cell",
            params={"r": "5", "f": "5", "m": "1"},
            where=f"{CELL} AND v.m = 1",
        ),
        Kind(name="store", params={"store": store}, where=in_store),
        Kind(
            name="stage and tier",
            params={"stage": "loyal", "value_tier": "low"},
            where="v.stage = 'loyal' AND v.value_tier = 'low'",
        ),
        Kind(
            name="stage and store",
            params={"stage": "churned", "store": store},
            where=f"v.stage = 'churned' AND {in_store}",
        ),
        Kind(
            name="score and store",
            params={"r": "5", "f": "5", "store": store},
            where=f"{CELL} AND {in_store}",
        ),
        Kind(name="clerk", params={}, where=in_store, user=CLERK),
        Kind(
            name="clerk, tier",
            params={"value_tier": "low"},
            where=f"v.value_tier = 'low' AND {in_store}",
            user=CLERK,
        ),
        *searches(),
    ]


def searches() -> Iterator[Kind]:
    for words in ("王", "wang w", "card-77", "138000007", "T000000123", "son777@exam"):
        yield Kind(name="search", params={"q": words})
    yield Kind(name="search and stage", params={"q": "zhang", "stage": "loyal"})
    yield Kind(name="clerk, search", params={"q": "li"}, user=CLERK)


def pages() -> list[Page]:
    """This is each kind in each order, from the top and from deep in the list."""
    found = []
    for sort in SORTS.values():
        for direction in ("asc", "desc"):
            for kind in kinds():
                asked = {**kind.params, "sort": sort.key, "dir": direction}
                found.append(Page(kind=kind, url=_url(asked), deep=False))
                for place in _places(sort):
                    after = rules.encode(place)
                    url = _url({**asked, "after": after})
                    found.append(Page(kind=kind, url=url, deep=True))
    return found


def _url(params: dict[str, str]) -> str:
    return f"{reverse('insights:members')}?{urlencode(params)}"


def _places(sort: Sort) -> Iterator[Place]:
    """A place half-way through, and one among the rows without a value."""
    model = MemberValue if sort.of_value else Member
    known = model.objects.filter(**{f"{sort.column}__isnull": False})
    member = known.order_by("pk")[known.count() // 2]
    value = getattr(member, sort.column)
    yield Place(value.isoformat() if sort.is_date else value, member.pk)
    if sort.nullable:
        yield Place(None, member.pk)
