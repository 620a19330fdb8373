"""python -m benchmarks [--quick] [--json] [name…]"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Any

from rich.console import Console

from benchmarks import cluster, machine, report
from benchmarks.cluster import Cluster
from benchmarks.report import Result

# In this order; each is a module with `run(cluster=, share=, say=) -> Result`.
BENCHES = (
    "rebuild",
    "write_back",
    "member_list",
    "import_orders",
    "ledger",
    "api",
    "replay",
    "tiers",
)
QUICK = 0.1

Say = Callable[[str], None]


def main() -> int:
    options = _options()
    console = Console(stderr=options.json)
    results: list[Result] = []
    with cluster.running() as running:
        _prepare(running)
        found = machine.look(running)
        console.print(f"[bold]Machine[/bold] {found}", highlight=False)
        for name in options.names or BENCHES:
            result = _run(
                name, running, share=QUICK if options.quick else 1.0, console=console
            )
            results.append(result)
            report.show(result, console=console)
        _close()
    ok = all(result.ok for result in results)
    if options.json:
        benches = [result.dump() for result in results]
        whole = {
            "machine": asdict(found),
            "quick": options.quick,
            "ok": ok,
            "benches": benches,
        }
        print(json.dumps(whole, ensure_ascii=False))
    return 0 if ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown:
        parser.error(f"no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    return options


def _prepare(running: Cluster) -> None:
    """Point Django at the benches' own cluster, here and in workers; migrate."""
    os.environ["DATABASE_URL"] = running.url
    os.environ["TERN_VAR"] = str(running.home / "state")
    os.environ["TERN_ENV"] = "local"
    os.environ["EMAIL_URL"] = "memory://"
    os.environ["TERN_TIME_ZONE"] = "Asia/Shanghai"
    os.environ["TERN_CURRENCY"] = "CNY"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    # No bench needs a broker; a wrong one must not be taken for the checkout's own.
    os.environ["REDIS_URL"] = f"unix://{running.home}/no-valkey.sock"
    for name in ("TERN_FACTS_URL", "ANALYTICS_ENGINE", "TERN_TEST_CLOCK"):
        os.environ.pop(name, None)
    import django  # noqa: PLC0415  the environment comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  needs Django

    call_command("migrate", verbosity=0)


def _run(name: str, running: Cluster, *, share: float, console: Console) -> Result:
    def say(text: str) -> None:
        console.print(f"[dim]{name}: {text}[/dim]", highlight=False)

    # After django.setup: benches import models.
    module: Any = import_module(f"benchmarks.{name}")
    result: Result = module.run(cluster=running, share=share, say=say)
    return result


def _close() -> None:
    from django.db import connections  # noqa: PLC0415  needs Django set up

    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
