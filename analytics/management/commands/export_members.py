from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from analytics.facts import services as facts
from analytics.management import arguments
from analytics.values import export
from config.lib import clock


class Command(BaseCommand):
    help = "Write one row a member, as of the end of a local day, to CSV or Parquet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", help="a local day, to its end; default today")
        parser.add_argument("--out", required=True, help="FILE.csv or FILE.parquet")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        settings, today = arguments.present()
        as_of = arguments.day("--as-of", options["as_of"]) or today
        out = Path(options["out"])
        with arguments.refusals():
            export.check(out)
            facts.refresh(at=clock.now())
            rows = export.write(out=out, as_of=as_of, settings=settings, at=clock.now())
        if options["json"]:
            found = {"as_of": as_of.isoformat(), "rows": rows, "out": str(out)}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(f"{rows} members as of {as_of} in {out}")
