"""Opening the facts of a day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from analytics.facts import engine, files
from analytics.facts.enums import FactsKind
from analytics.facts.models import FactsSegment
from analytics.facts.tables import SCHEMAS, Facts, facts_at
from config.lib.errors import DomainError
from loyalty.orders.models import ChangedMonth
from members.access.models import Store
from members.profiles.models import ChangedMember
from members.programme.rules import Settings


class FactsLost(DomainError):
    code = "facts_lost"
    message = gettext_lazy(
        "The data for these numbers are being prepared again. Come back in a few minutes."
    )


@contextmanager
def opened(
    *, as_of: date, settings: Settings, stores: frozenset[int] | None = None
) -> Iterator[Facts]:
    """This opens the facts as they were last refreshed, cut at the end of `as_of`.

    `stores` is what `members.access.queries.store_scope` gave: None is no limit.
    """
    con = engine.connect()
    try:
        manifest = _manifest()
        yield facts_at(
            **{kind: _table(con, kind, manifest[kind]) for kind in SCHEMAS},
            as_of=as_of,
            settings=settings,
            scope=None if stores is None else _codes(stores),
        )
    finally:
        con.disconnect()


@contextmanager
def opened_files(
    *, paths: Mapping[str, Sequence[Path]], as_of: date, settings: Settings
) -> Iterator[Facts]:
    """This opens Parquet files alone, without PostgreSQL: for benches and Spark."""
    con = engine.connect()
    try:
        yield facts_at(
            **{kind: _table(con, kind, paths.get(kind, ())) for kind in SCHEMAS},
            as_of=as_of,
            settings=settings,
        )
    finally:
        con.disconnect()


def version() -> str:
    """This changes with every switch of the manifest: values are stale against it."""
    # Values of members do not read points, which change every night.
    live = FactsSegment.objects.live().exclude(kind=FactsKind.POINTS)
    ids = live.order_by("pk").values_list("pk", flat=True)
    return hashlib.sha256(repr(list(ids)).encode()).hexdigest()


def pending() -> bool:
    """Whether anything changed that the facts do not hold yet."""
    return (
        ChangedMonth.objects.exists()
        or ChangedMember.objects.exists()
        or not FactsSegment.objects.live().filter(kind=FactsKind.MEMBERS).exists()
        or any(_is_lost(segment) for segment in FactsSegment.objects.live())
    )


def _is_lost(segment: FactsSegment) -> bool:
    return segment.rows > 0 and not files.parquet_of(segment.path)


def _manifest() -> dict[str, list[Path]]:
    """A database restored without its files must not read as one without orders."""
    found: dict[str, list[Path]] = {kind: [] for kind in SCHEMAS}
    for segment in FactsSegment.objects.live():
        if _is_lost(segment):
            raise FactsLost
        found[segment.kind].extend(files.parquet_of(segment.path))
    return found


def _table(con: Any, kind: str, paths: Sequence[Path]) -> Any:
    if not paths:
        return con.create_table(kind, schema=SCHEMAS[kind])
    texts = [str(path) for path in paths]
    table = con.read_parquet(texts, table_name=kind, hive_partitioning=False)
    return table.cast(SCHEMAS[kind]).select(*SCHEMAS[kind].names)


def _codes(stores: frozenset[int]) -> frozenset[str]:
    found = Store.objects.filter(pk__in=stores).values_list("code", flat=True)
    return frozenset(found)
