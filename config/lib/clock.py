"""The clock: the machine's, or under TERN_TEST_CLOCK=1 the one a caller names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase

HEADER = "Tern-Now"
OPTION = "--now"
ACCEPTS = "a time as 2026-03-01T12:00:00+01:00"
FIRST_YEAR, LAST_YEAR = 1900, 9000

_told: ContextVar[datetime | None] = ContextVar("tern_now", default=None)


class NotATime(ValueError):
    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not {ACCEPTS}")


def now() -> datetime:
    """This is the present, aware and in UTC. Only views, commands and tasks ask."""
    return _told.get() or datetime.now(UTC)


def told() -> datetime | None:
    """This is the time somebody set, if anybody did; tasks carry it along."""
    return _told.get()


@contextmanager
def override(at: datetime) -> Iterator[None]:
    token = _told.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _told.reset(token)


def parse(text: str, *, zone: str = "UTC") -> datetime:
    """This reads ISO 8601; without an offset the time is one of `zone`."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NotATime(text) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    # Earlier and later times have no local day in every zone.
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise NotATime(text)
    return at.astimezone(UTC)


def take_option(argv: Sequence[str]) -> tuple[list[str], str | None]:
    """This takes `--now T` or `--now=T` out of a command line."""
    rest: list[str] = []
    told: str | None = None
    words = iter(argv)
    for word in words:
        if word == OPTION:
            told = next(words, "")
        elif word.startswith(f"{OPTION}="):
            told = word.removeprefix(f"{OPTION}=")
        else:
            rest.append(word)
    return rest, told


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """This lets the header `Tern-Now` set the clock of one request, in tests only."""

    def serve(request: HttpRequest) -> HttpResponseBase:
        text = request.headers.get(HEADER)
        if text is None or not settings.ENVIRONMENT.test_clock:
            return get_response(request)
        try:
            at = parse(text, zone=settings.ENVIRONMENT.time_zone)
        except NotATime as error:
            return _unreadable(error)
        with override(at):
            return get_response(request)

    return serve


def _unreadable(error: NotATime) -> HttpResponse:
    return HttpResponseBadRequest(f"{HEADER}: {error}\n", content_type="text/plain")
