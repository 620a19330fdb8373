from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from loyalty.points import audit
from loyalty.points.audit import Audit

BROKEN = 1


class Command(BaseCommand):
    help = "Check every invariant of the books; exit 1 and the wrong rows if one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = audit.audit()
        if options["json"]:
            self.stdout.write(json.dumps({"ok": found.ok, **asdict(found)}))
        else:
            self._say(found)
        if not found.ok:
            sys.exit(BROKEN)

    def _say(self, found: Audit) -> None:
        counts = ", ".join(f"{count} {what}" for what, count in found.counts.items())
        for rule in found.broken:
            self.stdout.write(f"{rule.name}: {rule.sentence} ({rule.count} broken)")
            for row in rule.rows:
                self.stdout.write(
                    f"  {row.member or '-'}  {row.item}: expected {row.expected},"
                    f" found {row.found}"
                )
        if found.rebuild_differs:
            self.stdout.write(f"rebuild: {found.rebuild_differs} rows differ")
        if found.ok:
            self.stdout.write(
                f"books balance: {found.checks} checks, rebuild changes 0 rows"
                f" ({counts}; {found.seconds:.1f} s)"
            )
