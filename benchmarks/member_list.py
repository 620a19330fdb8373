"""Pages of the member list over a million members: time, queries, plans, counts."""

from __future__ import annotations

import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from analytics.directory.rules import EXACT_UP_TO
from analytics.values.models import MemberValue
from benchmarks import by_hand, directory_pages, directory_rows, report, tables
from benchmarks.cluster import Cluster
from benchmarks.directory_pages import CLERK, Kind, Page
from benchmarks.report import Figure, Result
from members.access.models import Store, User
from members.profiles.models import Identifier, Member

MEMBERS = 1_000_000
# A page has its keys, its rows, its count (an estimate has two), its stores and run, and
# the shell's: whoever has signed in and what they may, the programme.
QUERIES = 12
# A sequential scan of one of these is a scan of as many rows as there are members.
LARGE = {model._meta.db_table for model in (Member, MemberValue, Identifier)}
HEADING = re.compile(r'<h2 id="results-h"[^>]*>\s*([^<]*?)\s*</h2>')
# No Valkey and no collected files here: sessions come from memory, names of files are
# plain. Both are look-ups that the list has no part in.
APART: dict[str, Any] = {
    "WHITENOISE_AUTOREFRESH": True,
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    },
}


@dataclass(kw_only=True)
class Seen:
    """What asking for all the pages told; `scanned` names page and table."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    queries: set[int] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    sorted: set[str] = field(default_factory=set)
    wrong_counts: set[str] = field(default_factory=set)
    estimates: list[float] = field(default_factory=list)
    pages: int = 0


def run(*, cluster: Cluster, share: float, say: Callable[[str], None]) -> Result:
    wanted = int(MEMBERS * share)
    say(f"making values of {wanted:,} members")
    kept = by_hand.kept_values(home=cluster.home, members=wanted)
    tables.empty()
    say("loading members, identifiers and values")
    members = directory_rows.load(kept=kept)
    seen = Seen()
    with override_settings(**APART), _quiet():
        clients = _clients()
        pages = directory_pages.pages()
        say(f"asking for {len(pages):,} pages")
        counts = _true_counts(page.kind for page in pages)
        for page in pages:
            _ask(page, clients[page.kind.user], counts, seen)
    _forget()
    tables.empty()
    return Result(
        bench="member_list",
        title="a page of the member list",
        sizes={"members": members, "pages": seen.pages},
        figures=(*_held(seen), *_times(seen)),
    )


def _held(seen: Seen) -> Iterator[Figure]:
    yield Figure(what="fewest queries of a page", value=min(seen.queries))
    yield Figure(what="most queries of a page", value=max(seen.queries), hold=QUERIES)
    yield Figure(
        what="pages with a sequential scan",
        value=len(seen.scanned),
        hold=0,
        note="; ".join(sorted(seen.scanned)[:5]) or "of members, identifiers, values",
    )
    yield Figure(
        what="pages with a long sort",
        value=len(seen.sorted),
        hold=0,
        note="; ".join(sorted(seen.sorted)[:5]) or f"of more than {EXACT_UP_TO:,} rows",
    )
    yield Figure(
        what="counts that are wrong",
        value=len(seen.wrong_counts),
        hold=0,
        note="; ".join(sorted(seen.wrong_counts)[:5])
        or f"exact, or above {EXACT_UP_TO:,} and said to be estimated",
    )
    yield Figure(
        what="worst estimate",
        value=max(seen.estimates, default=1.0),
        unit="×",
        note="estimate over truth, or truth over estimate",
    )


def _times(seen: Seen) -> Iterator[Figure]:
    for what, seconds in seen.seconds.items():
        half, most = (report.percentile(seconds, share) * 1000 for share in (0.5, 0.95))
        note = f"p50 {half:,.0f} ms, {len(seconds)} requests"
        yield Figure(what=f"p95, {what}", value=most, unit="ms", note=note)


def _ask(page: Page, client: Client, counts: dict[str | None, int], seen: Seen) -> None:
    with _queries() as queries:
        response = client.get(page.url)
    assert response.status_code == 200, f"{page.url} gives {response.status_code}"
    seen.pages += 1
    seen.queries.add(len(queries))
    for statement, params in queries:
        what = "to count" if "COUNT(" in statement else "to list"
        for node in _plan(statement, params):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
                seen.scanned.add(f"{page.url} scans {node['Relation Name']} {what}")
            if node["Node Type"] == "Sort" and node["Plan Rows"] > EXACT_UP_TO:
                seen.sorted.add(f"{page.url} sorts {node['Plan Rows']:,} rows")
    _check_count(page, response.content.decode(), counts, seen)
    what = f"{page.kind.name}, {'deep' if page.deep else 'first page'}"
    started = time.perf_counter()
    client.get(page.url)
    seen.seconds[what].append(time.perf_counter() - started)


@contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of requests need no line in a log each."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _queries() -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def _plan(statement: str, params: Any) -> Iterator[dict[str, Any]]:
    """This is the nodes of the plan of a query of large tables."""
    if not any(table in statement for table in LARGE):
        return
    if not statement.startswith(("SELECT", "(SELECT")):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", params)
        (plan,) = cursor.fetchone()
    found = plan if isinstance(plan, list) else json.loads(plan)
    yield from _nodes(found[0]["Plan"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _check_count(
    page: Page, text: str, counts: dict[str | None, int], seen: Seen
) -> None:
    heading = HEADING.search(text)
    assert heading, f"{page.url} has no count"
    words = heading.group(1)
    said = int("".join(filter(str.isdigit, words)))
    is_estimate = "estimated" in words
    if page.kind.where is None:
        ok = said <= EXACT_UP_TO and not is_estimate
    elif is_estimate:
        true = counts[page.kind.where]
        ok = true > EXACT_UP_TO
        seen.estimates.append(max(said / true, true / said))
    else:
        ok = said == counts[page.kind.where]
    if not ok:
        seen.wrong_counts.add(f"{page.url} says {words}")


def _true_counts(kinds: Iterator[Kind]) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    with connection.cursor() as cursor:
        for where in {kind.where for kind in kinds} - {None}:
            cursor.execute(
                f"SELECT count(*) FROM members_member m"
                f" LEFT JOIN analytics_membervalue v ON v.member_id = m.id WHERE {where}"
            )
            (found[where],) = cursor.fetchone()
    return found


def _clients() -> dict[str, Client]:
    store = Store.objects.order_by("pk")[6]
    found = {}
    for name, role in (("admin", "admin"), (CLERK, "operator")):
        user = User.objects.create_user(f"{name}@bench.example")
        user.groups.set([Group.objects.get(name=role)])
        if name == CLERK:
            user.stores.set([store])
        found[name] = Client(SERVER_NAME="localhost")
        found[name].force_login(user)
    return found


def _forget() -> None:
    User.objects.filter(email__endswith="@bench.example").delete()
