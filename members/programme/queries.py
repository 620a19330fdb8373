from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.db.models import QuerySet

from config.lib.db import prepared
from members.programme import rules
from members.programme.models import ProgrammeVersion
from members.programme.rules import Settings

# Every request of the API asks: no time to build the same statement again.
IN_FORCE = """
SELECT id FROM members_programmeversion
 WHERE effective_from IS NULL OR effective_from <= %s
 ORDER BY number DESC LIMIT 1
"""


class NoProgramme(RuntimeError):
    """The installation has no version 1; `migrate` makes it."""


def parsed(version: ProgrammeVersion) -> Settings:
    """Return a version's settings; a version never changes, so it is read once."""
    return _parsed(version.number, json.dumps(version.settings))


@lru_cache(maxsize=64)
def stored(pk: int) -> Settings:
    """The settings of a version: rows are never changed and ids never used again."""
    return parsed(ProgrammeVersion.objects.get(pk=pk))


@lru_cache(maxsize=64)
def _parsed(number: int, text: str) -> Settings:
    return rules.parse(json.loads(text), number=number)


def versions() -> QuerySet[ProgrammeVersion]:
    return ProgrammeVersion.objects.order_by("-number")


def settings_at(*, at: datetime) -> Settings:
    """Return the settings in force at `at` (one query, the second time a small one)."""
    with prepared() as cursor:
        cursor.execute(IN_FORCE, [at])
        row = cursor.fetchone()
    if row is None:
        raise NoProgramme("No programme version; run manage.py migrate.")
    return stored(row[0])


def version_at(*, at: datetime) -> ProgrammeVersion:
    """Return the version in force at `at`."""
    return ProgrammeVersion.objects.get(number=settings_at(at=at).number)


def latest() -> Settings:
    """Return the settings published last, in force already or from a later day."""
    version = versions().first()
    if version is None:
        raise NoProgramme("No programme version; run manage.py migrate.")
    return parsed(version)


def timeline() -> list[tuple[datetime | None, Settings]]:
    """Return every version with its beginning, in the order they came into force.

    A version ends where the next begins; None is the beginning of time. A coming version
    that a later one precedes never comes.
    """
    found = _lasting(ProgrammeVersion.objects.order_by("number"))
    return [(version.effective_from, parsed(version)) for version in found]


def lasting() -> set[int]:
    """The numbers of all versions but those that were replaced before they came."""
    bare = ProgrammeVersion.objects.only("number", "effective_from")
    return {version.number for version in _lasting(bare.order_by("number"))}


def _lasting(versions: Iterable[ProgrammeVersion]) -> list[ProgrammeVersion]:
    found: list[ProgrammeVersion] = []
    for version in versions:
        while found and _precedes(version.effective_from, found[-1].effective_from):
            found.pop()
        found.append(version)
    return found


def _precedes(one: datetime | None, other: datetime | None) -> bool:
    return other is not None and (one is None or one < other)
