from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib import clock, days, periods
from members.access import keys, rules
from members.programme import queries as programme

UNUSABLE = 2


class Command(BaseCommand):
    help = "Make a key for the HTTP API; it is printed once and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="who will use it")
        parser.add_argument(
            "--scopes",
            required=True,
            help=f"separated by commas: {', '.join(rules.SCOPES)}",
        )
        parser.add_argument("--expires-on", help="its last local day, as 2027-06-30")
        parser.add_argument(
            "--per-minute", type=int, help="requests a minute; default: as all keys"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["per_minute"]
        if limit is not None and not 1 <= limit <= 1_000_000:
            raise _unusable("--per-minute: give a number from 1 to 1000000")
        at = clock.now()
        try:
            made = keys.create(
                name=options["name"],
                scopes=[word.strip() for word in options["scopes"].split(",")],
                at=at,
                expires_at=_end_of(options["expires_on"], at),
                requests_per_minute=limit,
            )
        except keys.InvalidKey as refusal:
            field = {"expires_at": "expires-on"}.get(refusal.field or "", refusal.field)
            raise _unusable(f"--{field}: {refusal}") from None
        expires_at = made.key.expires_at
        told = {
            "id": made.key.pk,
            "name": made.key.name,
            "key": made.secret,
            "scopes": made.key.scopes,
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        self.stdout.write(json.dumps(told) if options["json"] else made.secret)


def _end_of(text: str | None, at: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        day = days.parse(text)
        return periods.day_end(day, programme.settings_at(at=at).zone)
    except ValueError:
        raise _unusable("--expires-on: give a day as 2027-06-30") from None


def _unusable(text: str) -> CommandError:
    return CommandError(text, returncode=UNUSABLE)
