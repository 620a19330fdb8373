"""What the commands of analytics share: days, parameters, refusals as exit 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from django.core.management.base import CommandError

from config.lib import clock, days
from config.lib.errors import DomainError
from members.programme import queries as programme
from members.programme.rules import Settings

UNUSABLE = 2


def day(option: str, text: str | None) -> date | None:
    """This reads one option's day; a bad one names the option and what it accepts."""
    if text is None:
        return None
    try:
        return days.parse(text.strip())
    except ValueError:
        raise unusable(
            f"{option} is {text!r}; it accepts a day as 2026-03-01"
        ) from None


def parameters(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise unusable(f"--param is {pair!r}; it accepts name=value")
        found[name.strip()] = value.strip()
    return found


def present() -> tuple[Settings, date]:
    """This is the programme in force and today in its zone."""
    at = clock.now()
    settings = programme.settings_at(at=at)
    return settings, at.astimezone(settings.zone).date()


def unusable(sentence: str) -> CommandError:
    return CommandError(sentence, returncode=UNUSABLE)


@contextmanager
def refusals() -> Iterator[None]:
    """This turns a refused question into one line and exit 2."""
    try:
        yield
    except DomainError as error:
        field = f"{error.field}: " if error.field else ""
        raise unusable(f"{field}{error}") from None
