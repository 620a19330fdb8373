"""Asking for the figures of a page at once, and remembering the answers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, QuerySet, Sum

from analytics.facts import queries as facts
from analytics.facts.tables import Facts
from analytics.metrics import queries as metrics
from analytics.metrics import registry, rfm, state
from analytics.metrics.base import Answer
from analytics.values.models import MemberValue, ValueRun
from members.imports.models import ImportBatch
from members.programme import queries as programme
from members.programme import rules as programme_rules
from members.programme.rules import Settings

T = TypeVar("T")

# What an answer depends on is in its key, so this only bounds what the cache holds.
KEPT_SECONDS = 3 * 24 * 3600
# These read the state of every member: computed once for a page, not once for each.
OF_STATE = frozenset(
    {
        "cohort_retention",
        "lifecycle",
        "members",
        "rfm",
        "second_purchase",
        "value_tiers",
    }
)


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """From where figures are read: the last run of values, its settings, the stores."""

    run: ValueRun
    settings: Settings
    stores: frozenset[int] | None
    facts_version: str

    @property
    def as_of(self) -> date:
        return self.run.as_of


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question to the registry, as data."""

    name: str
    by: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Members of a pair of scores, and what they spent in the window if asked."""

    members: int = 0
    spend_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Recency by frequency; `stored` if the last run of values holds these scores."""

    cells: Mapping[tuple[int, int], Cell]
    rule: str
    window: str
    stored: bool

    @property
    def n(self) -> int:
        return sum(cell.members for cell in self.cells.values())


def standpoint(*, stores: frozenset[int] | None) -> Standpoint | None:
    """Return where figures stand, or None while there is nobody to have figures of."""
    run = latest_run()
    if run is None or not run.rows:
        return None
    version = programme.versions().get(number=run.settings_number)
    return Standpoint(
        run=run,
        settings=programme_rules.parse(version.settings, number=version.number),
        stores=stores,
        facts_version=facts.version(),
    )


def latest_run() -> ValueRun | None:
    return ValueRun.objects.current().first()


def answers(*, at: Standpoint, asks: Mapping[str, Ask]) -> dict[str, Answer]:
    """Answer every question, from the cache what it holds, the rest in one opening.

    Raises the metrics' own errors for a question that cannot be asked.
    """
    keys = {name: _key(at, ask) for name, ask in asks.items()}
    held = cache.get_many(set(keys.values()))
    missing = {name: ask for name, ask in asks.items() if keys[name] not in held}
    if missing:
        held |= {keys[name]: found for name, found in _asked(at, missing).items()}
    return {
        name: Answer(metric=registry.metric(ask.name), as_of=at.as_of, **held[key])
        for (name, ask), key in zip(asks.items(), keys.values(), strict=True)
    }


def _asked(at: Standpoint, missing: Mapping[str, Ask]) -> dict[str, dict[str, Any]]:
    found = {}
    with facts.opened(as_of=at.as_of, settings=at.settings, stores=at.stores) as opened:
        shared = _shared(opened, missing)
        for name, ask in missing.items():
            answer = metrics.answer(
                facts=shared,
                name=ask.name,
                by=ask.by,
                params=dict(ask.params),
                start=ask.start,
                end=ask.end,
            )
            found[name] = {
                "by": answer.by,
                "period": answer.period,
                "params": answer.params,
                "reading": answer.reading,
            }
    held = {_key(at, missing[name]): answer for name, answer in found.items()}
    cache.set_many(held, KEPT_SECONDS)
    return found


def _shared(opened: Facts, missing: Mapping[str, Ask]) -> Facts:
    reading_state = [ask for ask in missing.values() if ask.name in OF_STATE]
    return state.materialised(opened) if len(reading_state) > 1 else opened


def _key(at: Standpoint, what: object) -> str:
    """Name an answer by all it depends on: a new run, export or setting is a new name."""
    stores = None if at.stores is None else sorted(at.stores)
    parts = (at.facts_version, at.run.pk, at.as_of, at.settings, stores, what)
    return f"insights:{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def _remembered(at: Standpoint, what: object, compute: Callable[[], T]) -> T:
    key = _key(at, what)
    held: T | None = cache.get(key)
    if held is None:
        held = compute()
        cache.set(key, held, KEPT_SECONDS)
    return held


def stages(*, at: Standpoint) -> dict[str, int]:
    """Count the members of each stage, read from an index alone."""
    rows = _values(at).values("stage").annotate(members=Count("*")).order_by("stage")
    return _remembered(
        at, "stages", lambda: {row["stage"]: row["members"] for row in rows}
    )


def grid(*, at: Standpoint, rule: str, window: str) -> Grid:
    """Return recency by frequency: the run's own scores, or others computed now."""
    stored = (rule, window) == (at.settings.rfm_rule, at.settings.rfm_window)
    cells = _stored_cells(at) if stored else _computed_cells(at, rule, window)
    return Grid(cells=cells, rule=rule, window=window, stored=stored)


def score_bounds(*, at: Standpoint, grid: Grid) -> dict[str, dict[str, list[int]]]:
    """Say between which measures each score lies; staff of stores have the grid's."""
    if grid.stored:
        kept: dict[str, dict[str, list[int]]] = at.run.bounds
        return kept

    def compute() -> dict[str, dict[str, list[int]]]:
        with facts.opened(
            as_of=at.as_of, settings=at.settings, stores=at.stores
        ) as opened:
            return rfm.bounds(opened, window=grid.window, rule=grid.rule)

    return _remembered(at, ("bounds", grid.rule, grid.window), compute)


def _stored_cells(at: Standpoint) -> dict[tuple[int, int], Cell]:
    column = "spend_12m_minor" if at.settings.rfm_window == "12m" else "spend_minor"

    def compute() -> dict[tuple[int, int], Cell]:
        rows = (
            _values(at)
            .filter(cell__isnull=False)
            .values("r", "f")
            .annotate(members=Count("*"), spent=Sum(column))
            .order_by("r", "f")
        )
        return {
            (int(row["r"] or 0), int(row["f"] or 0)): Cell(
                members=row["members"], spend_minor=int(row["spent"])
            )
            for row in rows
        }

    return _remembered(at, "cells", compute)


def _computed_cells(
    at: Standpoint, rule: str, window: str
) -> dict[tuple[int, int], Cell]:
    ask = Ask(name="rfm", by="rf", params=(("rule", rule), ("window", window)))
    rows = answers(at=at, asks={"rfm": ask})["rfm"].reading.rows
    found: dict[tuple[int, int], Cell] = {}
    for row in rows:
        r, f = (int(score) for score in str(row["rf"]))
        found[r, f] = Cell(
            members=int(row["members"] or 0),
            spend_minor=minor(row["spend"], exponent=at.settings.exponent) or 0,
        )
    return found


def _values(at: Standpoint) -> QuerySet[MemberValue]:
    rows = MemberValue.objects.all()
    if at.stores is None:
        return rows
    return rows.filter(member__store_id__in=at.stores)


def minor(value: object, *, exponent: int) -> int | None:
    """Read the registry's money, a decimal string, back into minor units."""
    return None if value is None else int(Decimal(str(value)).scaleb(exponent))


@dataclass(frozen=True, kw_only=True)
class Imports:
    recent: list[ImportBatch] = field(default_factory=list)
    rejected: int = 0


def imports(*, since: datetime, most: int) -> Imports:
    """Return the newest imports, and how many rows those since a time turned away."""
    recent = ImportBatch.objects.order_by("-created_at", "-id")[:most]
    turned = ImportBatch.objects.filter(created_at__gte=since, undone_at__isnull=True)
    total = turned.aggregate(total=Sum("rejected"))["total"]
    return Imports(recent=list(recent), rejected=total or 0)


def cohort_table(answer: Answer) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Return the rows of a cohort answer by cohort and month, oldest first."""
    found: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in answer.reading.rows:
        found[str(row["cohort"])][int(row["k"] or 0)] = row
    return dict(found)
