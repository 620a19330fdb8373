from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.lib import clock, days
from config.lib.errors import DomainError
from loyalty.liability import journal, services
from loyalty.points import postings
from members.programme import queries as programme

UNUSABLE = 2
ACTOR = "command:export_journal"


class Command(BaseCommand):
    help = "Write the journal of points of a month as CSV; --close books the month."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", required=True, help="a month, as 2026-10")
        parser.add_argument("--by", choices=("month", "day"), default="month")
        parser.add_argument("--currency", help="a point currency; default the first")
        parser.add_argument("--out", help="a file; without one, the terminal")
        parser.add_argument(
            "--close", action="store_true", help="book it: its lines are then fixed"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        try:
            month = days.parse(f"{options['month']}-01")
        except ValueError:
            self.stderr.write(f"--month {options['month']}: give a month as 2026-10")
            sys.exit(UNUSABLE)
        try:
            settings = programme.settings_at(at=at)
            currency = postings.currency_of(settings, options["currency"])
            services.refresh(at=at)
            if options["close"]:
                services.close_month(currency=currency, month=month, by=ACTOR, at=at)
            period = services.draft_of(currency=currency, month=month, at=at)
        except DomainError as refusal:
            self.stderr.write(str(refusal))
            sys.exit(UNUSABLE)
        self._write(period, currency, options)

    def _write(
        self, period: journal.Period, currency: str, options: dict[str, Any]
    ) -> None:
        text = journal.as_csv(period=period, currency=currency, by=options["by"])
        if options["out"]:
            Path(options["out"]).write_text(text, encoding="utf-8")
        if options["json"]:
            told = {
                "month": options["month"],
                "currency": currency,
                "lines": len(period.lines(by=options["by"])),
                "closed": period.closed,
                "restated": bool(period.restated),
            }
            self.stdout.write(json.dumps(told))
        elif not options["out"]:
            self.stdout.write(text, ending="")
