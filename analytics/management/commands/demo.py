from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress

from analytics.demo import catalogue, queries, rules
from analytics.demo import services as demo
from analytics.demo.services import Loaded
from analytics.management import arguments
from analytics.values import services as values
from config.lib import clock


class Command(BaseCommand):
    help = (
        "Load a simulated retailer into an empty installation: the same data for the "
        "same members, months, seed and end. Started again it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--members", type=int, default=20_000)
        parser.add_argument("--months", type=int, default=24)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--end", help="the last local day with orders; default yesterday"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        end = arguments.day("--end", options["end"])
        with arguments.refusals(), _unusable(), _bars() as bars:
            done = demo.load(
                members=options["members"],
                months=options["months"],
                seed=options["seed"],
                end=end,
                at=clock.now(),
                report=bars.loading,
            )
            demo.ensure_logins(at=clock.now())
            _compute(done, bars)
        if options["json"]:
            self.stdout.write(json.dumps(_found(done), ensure_ascii=False))
        else:
            self._tell(done)

    def _tell(self, done: Loaded) -> None:
        plan = done.plan
        how = (
            "loaded"
            if done.new or done.posted
            else "was loaded already; nothing changed"
        )
        self.stdout.write(
            f"{rules.NAME}: {done.members:,} members, {done.orders:,} orders, "
            f"{done.refunds:,} refunds from {plan.start} to {plan.end} {how}"
        )
        self.stdout.write("Look for:")
        for story in _stories(done):
            self.stdout.write(f"  {story['words']}")
        self.stdout.write("Sign in as:")
        for login, password in queries.logins():
            limit = f", store {login.store} only" if login.store else ""
            self.stdout.write(
                f"  {login.email}  {password}  ({login.role.label}{limit})"
            )


def _compute(done: Loaded, bars: _bars) -> None:
    """Values of today; without new rows only if a run before this one lost them."""
    at = clock.now()
    if not (done.new or done.posted):
        values.keep_fresh(at=at)
        return
    _settings, today = arguments.present()
    values.recompute(as_of=today, at=at, report=bars.computing)


def _found(done: Loaded) -> dict[str, Any]:
    plan = done.plan
    asked = ("members", "months", "seed")
    counted = {name: getattr(done, name) for name in ("orders", "refunds", "lines")}
    return {
        **{name: getattr(plan, name) for name in asked},
        "start": plan.start.isoformat(),
        "end": plan.end.isoformat(),
        "changed": done.new + done.posted > 0,
        **counted,
        "stories": _stories(done),
        "logins": [
            {**asdict(login), "password": password}
            for login, password in queries.logins()
        ],
    }


def _stories(done: Loaded) -> list[dict[str, str]]:
    """What was put in on purpose, and where to find it."""
    when = done.plan.stories
    tiering = ", ".join(catalogue.STORE_CODES[n] for n in catalogue.TIERING_STORES)
    refunds = catalogue.STORE_CODES[catalogue.HIGH_REFUND_STORE]
    words = {
        "valuable_silent": "valuable members who fell silent "
        f"{rules.SILENT_DAYS[0]} to {rules.SILENT_DAYS[1]} days before the end",
        "simpler_refunds": f"more repurchase since refunds became simpler in "
        f"{when.simpler_refunds:%Y-%m}",
        "tiering": f"better retention since {when.tiering:%Y-%m} in the stores with "
        f"tiers: {tiering}",
        "season": "a dip every July and a peak at 11.11",
        "refund_rate": f"one store with a high refund rate: {refunds}",
        "promotion": f"a cohort that did not stay: those who joined by promotion in "
        f"{when.promotion:%Y-%m}",
    }
    return [{"key": key, "words": text} for key, text in words.items()]


@contextmanager
def _unusable() -> Iterator[None]:
    try:
        yield
    except rules.Unusable as error:
        raise arguments.unusable(str(error)) from None


class _bars:
    """This shows both halves of the work on a terminal and is silent elsewhere."""

    def __init__(self) -> None:
        self._progress = Progress(
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._load = self._progress.add_task("loading the demo", total=None)
        self._compute = self._progress.add_task("computing values", total=None)

    def __enter__(self) -> _bars:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def loading(self, done: int, total: int) -> None:
        self._progress.update(self._load, completed=done, total=total)

    def computing(self, done: int, total: int, what: str) -> None:
        self._progress.update(
            self._compute, completed=done, total=total, description=what
        )
