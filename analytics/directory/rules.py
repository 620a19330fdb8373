"""How the member list is asked: its filters, its sorts, its place in a long list."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Literal

from analytics.metrics.enums import Stage, ValueTier
from loyalty.tiers.queries import InTier

PAGE = 50
# Above this a count is an estimate: an exact one would read every row of the answer.
EXACT_UP_TO = 10_000
SCORES = (1, 2, 3, 4, 5)

Direction = Literal["asc", "desc"]
SortValue = str | int | None


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A column to sort by; `of_value` ones live in MemberValue, others in Member."""

    key: str
    column: str
    of_value: bool
    nullable: bool
    first: Direction
    is_date: bool = False


SORTS: dict[str, Sort] = {
    sort.key: sort
    for sort in (
        Sort(
            key="name", column="name_key", of_value=False, nullable=False, first="asc"
        ),
        Sort(
            key="joined",
            column="joined_on",
            of_value=False,
            nullable=True,
            first="desc",
            is_date=True,
        ),
        Sort(
            key="orders", column="orders", of_value=True, nullable=False, first="desc"
        ),
        Sort(
            key="spend",
            column="spend_minor",
            of_value=True,
            nullable=False,
            first="desc",
        ),
        Sort(
            key="last",
            column="last_on",
            of_value=True,
            nullable=True,
            first="desc",
            is_date=True,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Behind:
    """The members behind a cell of a metric, asked as the metric itself was."""

    metric: str
    cell: str
    by: str | None = None
    as_of: date | None = None
    start: date | None = None
    end: date | None = None
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One question to the member list, all of it from the URL."""

    q: str = ""
    stage: Stage | None = None
    value_tier: ValueTier | None = None
    r: int | None = None
    f: int | None = None
    m: int | None = None
    store_id: int | None = None
    tier: InTier | None = None
    sort: Sort = SORTS["name"]
    direction: Direction = "asc"
    after: Place | None = None
    behind: Behind | None = None

    @property
    def value_filters(self) -> dict[str, Any]:
        """The filters that MemberValue answers, as lookups its indexes serve."""
        filters: dict[str, Any] = {}
        if self.stage is not None:
            filters["stage"] = self.stage
        if self.value_tier is not None:
            filters["value_tier"] = self.value_tier
        if (self.r, self.f, self.m) != (None, None, None):
            filters["cell__in"] = self.cells
        return filters

    @property
    def cells(self) -> list[str]:
        """The RFM cells that the scores asked for leave, as `555`."""
        choices = [SCORES if s is None else (s,) for s in (self.r, self.f, self.m)]
        return ["".join(map(str, cell)) for cell in product(*choices)]


@dataclass(frozen=True)
class Place:
    """Where a page ended: the sort value and the id of its last row."""

    value: SortValue
    member_id: int


class NotAPlace(ValueError):
    """The `after` of the URL was not made by `encode`."""


def encode(place: Place) -> str:
    text = json.dumps([place.value, place.member_id], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str, *, sort: Sort) -> Place:
    """Read a place back; raises `NotAPlace` for anything `encode` does not make."""
    try:
        padded = text + "=" * (-len(text) % 4)
        value, member_id = json.loads(base64.urlsafe_b64decode(padded.encode()))
        place = Place(_sort_value(value, sort), int(member_id))
    except (ValueError, TypeError, binascii.Error) as error:
        raise NotAPlace(text) from error
    return place


def _sort_value(value: Any, sort: Sort) -> SortValue:
    if value is None and sort.nullable:
        return None
    if sort.is_date:
        return date.fromisoformat(value).isoformat()
    if sort.of_value:
        return int(value)
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(value)
    return value
