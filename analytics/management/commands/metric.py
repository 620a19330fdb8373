from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from analytics.facts import queries as facts_queries
from analytics.facts import services as facts
from analytics.management import arguments
from analytics.metrics import queries as metrics
from analytics.metrics import registry
from config.lib import clock


class Command(BaseCommand):
    help = "Print one metric of the registry as JSON, after refreshing what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="a metric's name, as spend")
        parser.add_argument("--as-of", help="a local day, to its end; default today")
        parser.add_argument("--from", dest="start", help="first day of the period")
        parser.add_argument("--to", dest="end", help="last day of the period")
        parser.add_argument("--by", help="a dimension of the metric, as month")
        parser.add_argument(
            "--param", action="append", default=[], help="name=value, repeatable"
        )
        parser.add_argument(
            "--json", action="store_true", help="accepted: the answer is always JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        settings, today = arguments.present()
        with arguments.refusals():
            as_of = arguments.day("--as-of", options["as_of"]) or today
            start = arguments.day("--from", options["start"])
            end = arguments.day("--to", options["end"])
            params = arguments.parameters(options["param"])
            metrics.check(name=options["name"], by=options["by"], params=params)
            facts.refresh(at=clock.now())
            if "points" in registry.metric(options["name"]).source:
                facts.refresh_points(at=clock.now())
            with facts_queries.opened(as_of=as_of, settings=settings) as opened:
                answer = metrics.answer(
                    facts=opened,
                    name=options["name"],
                    by=options["by"],
                    params=params,
                    start=start,
                    end=end,
                )
        self.stdout.write(json.dumps(answer.as_json(), ensure_ascii=False, indent=2))
