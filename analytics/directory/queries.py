"""The member list over millions: index-ordered, keyset-paged, five queries a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import F, OrderBy, QuerySet

from analytics.directory import rules, search
from analytics.directory.rules import Listing, Place, Sort
from analytics.values.models import MemberValue
from members.profiles.models import Member

MemberRows = QuerySet[Member] | QuerySet[MemberValue]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Members in order, and where the next page starts if there is one."""

    members: list[Member]
    after: Place | None


@dataclass(frozen=True, kw_only=True)
class Count:
    value: int
    is_estimate: bool


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Which members may come up at all: the viewer's stores, and ids decided before."""

    store_ids: frozenset[int] | None
    ids: Sequence[int] | None = None


def page(*, listing: Listing, reach: Reach) -> Page:
    """Return one page: one query for the keys, one for the rows with store and value."""
    keys = _keys(listing, reach)
    shown = keys[: rules.PAGE]
    found = (
        Member.objects.filter(pk__in=[key.member_id for key in shown])
        .select_related("store", "value")
        .in_bulk()
    )
    members = [found[key.member_id] for key in shown if key.member_id in found]
    return Page(members=members, after=shown[-1] if len(keys) > rules.PAGE else None)


def count(*, listing: Listing, reach: Reach) -> Count:
    """Count exactly to `EXACT_UP_TO`, or wholly where an index alone answers.

    Beyond, the answer is the planner's estimate and says so.
    """
    if _is_of_one_index(listing, reach):
        exact = MemberValue.objects.filter(**listing.value_filters)
        return Count(value=exact.count(), is_estimate=False)
    rows = _rows(listing, reach)
    if reach.ids is not None:
        return Count(value=rows.count(), is_estimate=False)
    # In the order of the key, so that the limit ends an index scan early.
    some = rows.order_by("pk")[: rules.EXACT_UP_TO + 1].count()
    if some <= rules.EXACT_UP_TO:
        return Count(value=some, is_estimate=False)
    return Count(value=max(_planned(rows), some), is_estimate=True)


def _is_of_one_index(listing: Listing, reach: Reach) -> bool:
    """Say whether a stage, a tier or scores alone decide: the cells pages link to.

    Two of them together stand in no index: their count would read the whole table.
    """
    narrowed = (
        listing.q or listing.store_id is not None or listing.tier or listing.behind
    )
    single = len(listing.value_filters) == 1
    return single and reach.store_ids is None and not narrowed


def _rows(listing: Listing, reach: Reach) -> MemberRows:
    """Return the members asked for, from the table the sort lives in."""
    if listing.sort.of_value:
        return _value_rows(listing, reach)
    rows = Member.objects.current().in_stores(reach.store_ids)
    if listing.store_id is not None:
        rows = rows.filter(store_id=listing.store_id)
    if listing.tier is not None:
        rows = rows.filter(listing.tier.narrow("pk"))
    if listing.q:
        rows = rows.filter(pk__in=search.matching_ids(listing.q))
    if reach.ids is not None:
        rows = rows.filter(pk__in=list(reach.ids))
    lookups = {f"value__{name}": v for name, v in listing.value_filters.items()}
    return rows.filter(**lookups)


def _value_rows(listing: Listing, reach: Reach) -> QuerySet[MemberValue]:
    rows = MemberValue.objects.filter(**listing.value_filters)
    if reach.store_ids is not None:
        rows = rows.filter(member__store_id__in=reach.store_ids)
    if listing.store_id is not None:
        rows = rows.filter(member__store_id=listing.store_id)
    if listing.tier is not None:
        rows = rows.filter(listing.tier.narrow("member_id"))
    if listing.q:
        rows = rows.filter(member_id__in=search.matching_ids(listing.q))
    if reach.ids is not None:
        rows = rows.filter(member_id__in=list(reach.ids))
    return rows


def _keys(listing: Listing, reach: Reach) -> list[Place]:
    """Return sort value and id of a page's rows, and of one row more if there is one."""
    rows = _rows(listing, reach)
    column, id_column = _columns(rows, listing.sort)
    parts = _parts(rows, listing, column, id_column)
    first, *rest = [
        part.values_list(column, id_column)[: rules.PAGE + 1] for part in parts
    ]
    found = list(first.union(*rest, all=True) if rest else first)
    places = [Place(_plain(value), pk) for value, pk in found]
    return places[: rules.PAGE + 1]


def _columns(rows: MemberRows, sort: Sort) -> tuple[str, str]:
    if rows.model is MemberValue:
        return (sort.column if sort.of_value else f"member__{sort.column}"), "member_id"
    return sort.column, "id"


def _parts(
    rows: MemberRows, listing: Listing, column: str, id_column: str
) -> list[MemberRows]:
    """Return what comes next as one or two ranges of the sort's index.

    Rows without a value come last, whatever the direction; they are a range of
    their own because `<` is never true of null.
    """
    down = listing.direction == "desc"
    after = listing.after
    # An index of values runs down, one of members up; both run up in the id. Read
    # backwards, value and id turn together, so one index serves both directions.
    forward = down == listing.sort.of_value
    by_value = _ordering(column, down=down, nulls_last=_nulls_last(listing.sort))
    by_id = F(id_column).asc() if forward else F(id_column).desc()
    passed = f"{id_column}__{'lte' if forward else 'gte'}"
    if listing.sort.nullable:
        valued = rows.filter(**{f"{column}__isnull": False})
        empty = rows.filter(**{f"{column}__isnull": True}).order_by(by_id)
    else:
        valued, empty = rows, None
    if after is not None and after.value is None and empty is not None:
        return [empty.exclude(**{passed: after.member_id})]
    if after is not None:
        up_to = f"{column}__{'lte' if down else 'gte'}"
        seen = {column: after.value, passed: after.member_id}
        valued = valued.filter(**{up_to: after.value}).exclude(**seen)
    valued = valued.order_by(by_value, by_id)
    return [valued] if empty is None else [valued, empty]


def _nulls_last(sort: Sort) -> bool:
    """Say whether the sort's index is one of values that has nulls at its end.

    An index whose column is never null is declared without: asked for in any other
    words, the same order would be sorted anew from all rows.
    """
    return sort.of_value and sort.nullable


def _ordering(column: str, *, down: bool, nulls_last: bool) -> OrderBy:
    """Return the order as the index has it: nulls count although none is left."""
    if not nulls_last:
        return F(column).desc() if down else F(column).asc()
    if down:
        return F(column).desc(nulls_last=True)
    return F(column).asc(nulls_first=True)


def _plain(value: str | int | date | None) -> str | int | None:
    return value.isoformat() if isinstance(value, date) else value


def _planned(rows: MemberRows) -> int:
    """Return how many rows the planner expects: what a count would have read."""
    sql, params = rows.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return int(plan[0]["Plan"]["Plan Rows"])
