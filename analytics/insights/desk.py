"""What is going on: running work, recent imports, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.insights import queries, rules
from config.lib import formats
from members.access.models import User
from members.imports.models import ImportBatch
from members.jobs import queries as jobs
from members.jobs.enums import JobState
from members.jobs.models import Job

MOST = 5


@dataclass(frozen=True, kw_only=True)
class Matter:
    """Something to look at, with where to do so."""

    icon: str
    tone: str
    title: str
    text: str
    route: str
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class Desk:
    running: list[Job] = field(default_factory=list)
    imports: list[ImportBatch] = field(default_factory=list)
    matters: list[Matter] = field(default_factory=list)
    sees_jobs: bool = False
    sees_imports: bool = False


def of(*, user: User, at: datetime, language: str) -> Desk:
    """Return what this person may see of running and finished work."""
    since = at - rules.ATTENTION
    matters: list[Matter] = []
    found: dict[str, Any] = {}
    if "jobs.view" in user.words:
        found |= {"sees_jobs": True, "running": list(jobs.open_jobs()[:MOST])}
        failed = jobs.failed_since(at=since).count()
        matters += [_failed(failed, language)] if failed else []
    if "imports.run" in user.words:
        imports = queries.imports(since=since, most=MOST)
        found |= {"sees_imports": True, "imports": imports.recent}
        matters += [_rejected(imports.rejected, language)] if imports.rejected else []
    return Desk(matters=matters, **found)


def _failed(n: int, language: str) -> Matter:
    title = ngettext("%(n)s job failed", "%(n)s jobs failed", n)
    return Matter(
        icon="triangle-alert",
        tone="bad",
        title=title % {"n": formats.number(n, language=language)},
        text=_("In the last seven days, and nobody has tried again."),
        route="jobs:list",
        query=f"?state={JobState.FAILED}",
    )


def _rejected(n: int, language: str) -> Matter:
    title = ngettext("%(n)s row was rejected", "%(n)s rows were rejected", n)
    return Matter(
        icon="file-x",
        tone="warn",
        title=title % {"n": formats.number(n, language=language)},
        text=_("In the imports of the last seven days. Mend them and import again."),
        route="imports:list",
    )
