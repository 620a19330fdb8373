"""The night's work in its order: first the books, then what is computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from analytics.facts import services as facts
from analytics.values import handing
from analytics.values import services as values
from config.lib import locks
from loyalty.inbox import services as inbox
from loyalty.liability import queries as liability
from loyalty.points import nightly
from loyalty.points.models import NightlyRun
from loyalty.tiers import nightly as tiers
from members.programme import queries as programme

LOCK = "nightly"

Report = nightly.Steps


@dataclass(frozen=True, kw_only=True)
class Night:
    """A night's as-of, what each step changed, and whether this call did any of it.

    `broken` names the first rows for which the roll-forward of points does not close.
    """

    as_of: datetime
    steps: dict[str, int]
    already_done: bool
    closes: bool
    broken: list[dict[str, Any]]


def run(*, at: datetime, report: Report = lambda step, done: None) -> Night:
    """Do the night that began with the last local midnight, as far as it is not done."""
    with locks.held(LOCK):
        return _run(at=at, report=report)


def tick(*, at: datetime) -> Night | None:
    """As `run`, for a clock that ticks every few minutes: busy or done is no work."""
    with locks.tried(LOCK) as mine:
        return _run(at=at, report=lambda step, done: None) if mine else None


def _run(*, at: datetime, report: Report) -> Night:
    settings = programme.settings_at(at=at)
    as_of = nightly.night_of(at=at, settings=settings)
    run = nightly.begin(as_of=as_of, at=at)
    if run.finished_at is not None:
        return _told(run, already_done=True)
    nightly.books(run=run, now=at, report=report)
    nightly.do(
        run=run,
        step="liability",
        work=lambda told: _liability(at),
        report=partial(report, "liability"),
    )
    nightly.do(
        run=run,
        step="values",
        work=lambda told: _values(at),
        report=partial(report, "values"),
    )
    nightly.do(
        run=run,
        step="tiers",
        work=lambda told: _tiers(run, told),
        report=partial(report, "tiers"),
    )
    nightly.do(
        run=run,
        step="refreshes",
        work=lambda told: inbox.raise_refreshes(as_of=as_of, at=at),
        report=partial(report, "refreshes"),
    )
    nightly.end(run=run, at=at)
    return _told(run, already_done=False)


def _liability(at: datetime) -> int:
    """Roll the points forward and check them; what is wrong stops no other step."""
    facts.refresh_points(at=at)
    run = liability.latest_run()
    return run.cells if run else 0


def _values(at: datetime) -> int:
    done = values.keep_fresh(at=at)
    return done.members if done else 0


def _tiers(run: NightlyRun, report: nightly.Report) -> int:
    """Metrics are handed down first, so that a tier that follows one is of this night."""
    handing.down(as_of=run.as_of)
    return tiers.run(as_of=run.as_of, report=report)


def _told(run: NightlyRun, *, already_done: bool) -> Night:
    rolled = liability.latest_run()
    return Night(
        as_of=run.as_of,
        steps=run.steps,
        already_done=already_done,
        closes=rolled is None or rolled.closes,
        broken=rolled.broken if rolled else [],
    )
