from __future__ import annotations

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.embedded import product


class Command(BaseCommand):
    help = "Run the product: database, broker, web server, worker and beat."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port, help="default: first free from 8000")
        parser.add_argument("--no-demo", action="store_true", help="load no demo")
        parser.add_argument("--workers", type=positive, help="web server processes")
        parser.add_argument("--prepare", action="store_true", help="only set up")

    def handle(self, *args: Any, **options: Any) -> None:
        status = product.run(
            options=product.Options(
                port=options["port"],
                demo=not options["no_demo"],
                workers=options["workers"],
                prepare_only=options["prepare"],
            ),
            environment=settings.ENVIRONMENT,
            base_dir=settings.BASE_DIR,
        )
        sys.exit(status)


def port(text: str) -> int:
    number = positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return number


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)
