from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache

from django.db.models import F, Q, QuerySet

from members.programme import rules
from members.programme.models import ProgrammeVersion
from members.programme.rules import Settings


class NoProgramme(RuntimeError):
    """The installation has no version 1; `migrate` makes it."""


def parsed(version: ProgrammeVersion) -> Settings:
    """Return a version's settings; a version never changes, so it is read once."""
    return _parsed(version.number, json.dumps(version.settings))


@lru_cache(maxsize=64)
def _parsed(number: int, text: str) -> Settings:
    return rules.parse(json.loads(text), number=number)


def versions() -> QuerySet[ProgrammeVersion]:
    return ProgrammeVersion.objects.order_by("-number")


def settings_at(*, at: datetime) -> Settings:
    """Return the settings in force at `at` (one query)."""
    version = (
        ProgrammeVersion.objects.filter(
            Q(effective_from__isnull=True) | Q(effective_from__lte=at)
        )
        .order_by(F("effective_from").desc(nulls_last=True), "-number")
        .first()
    )
    if version is None:
        raise NoProgramme("No programme version; run manage.py migrate.")
    return parsed(version)


def latest() -> Settings:
    """Return the settings published last, in force already or from a later day."""
    version = versions().first()
    if version is None:
        raise NoProgramme("No programme version; run manage.py migrate.")
    return parsed(version)


def timeline() -> list[tuple[datetime | None, Settings]]:
    """Return every version with its beginning, in the order they came into force.

    A version ends where the next begins; None is the beginning of time.
    """
    found = ProgrammeVersion.objects.order_by(
        F("effective_from").asc(nulls_first=True), "number"
    )
    return [(version.effective_from, parsed(version)) for version in found]
