"""Reads days and moments in the ways real exports write them.

A day and a month that could be swapped are refused until `--date-format` says
which comes first; two-digit years always are. Times without an offset are local
time of the programme. Of a local time that happens twice (clocks go back) the
earlier is meant, as everywhere in Python; one that never happens (clocks go
forward) is refused. A date alone is the first instant of its day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from members.imports.values import Bad, Cell, plain, shown

DMY, MDY, EPOCH, EPOCH_MS = "dmy", "mdy", "epoch", "epoch_ms"
NAMED_FORMATS = (DMY, MDY, EPOCH, EPOCH_MS)
ACCEPTED = "a date such as 2026-11-22 or 2026-11-22T14:05:00+01:00"
FIRST_YEAR = 1900

# Words people write in format boxes, and what strptime calls them.
TOKENS = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "yyyy": "%Y",
    "dd": "%d",
}
MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "jan",
            "feb",
            "mar",
            "apr",
            "may",
            "jun",
            "jul",
            "aug",
            "sep",
            "oct",
            "nov",
            "dec",
        ],
        start=1,
    )
}

YEAR_FIRST = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d{1,2})-(?P<d>\d{1,2})|/(?P<m2>\d{1,2})/(?P<d2>\d{1,2})"
    r"|\.(?P<m3>\d{1,2})\.(?P<d3>\d{1,2})|年(?P<m4>\d{1,2})月(?P<d4>\d{1,2})[日号])"
    r"(?P<rest>.*)"
)
BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(?P<rest>\D.*)?")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?P<rest>.*)")
SWAPPABLE = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?P<rest>.*)")
SHORT_YEAR = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2}(?!\d).*")
NAMED_MONTH = re.compile(
    r"(?:(?P<d>\d{1,2})[ -](?P<m>[A-Za-z]{3,9})|(?P<m2>[A-Za-z]{3,9})\.? (?P<d2>\d{1,2}))"
    r"[.,]?[ -](?P<y>\d{4})(?P<rest>.*)"
)
TIME = re.compile(
    r"(?:T|[, ]\s*|(?<=[日号]))?(?P<half>上午|下午)?\s*"
    r"(?P<h>\d{1,2})[:时](?P<min>\d{2})(?:[:分](?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?秒?|分)?"
    r"\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?"
)


USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and the programme's local day it falls on."""

    at: datetime
    day: date


class NotAFormat(ValueError):
    """An option names no format of dates."""


def format_of(text: str) -> str:
    """This checks what --date-format was given and writes it one way."""
    words = text.strip()
    if words.lower() in NAMED_FORMATS:
        return words.lower()
    for token, directive in TOKENS.items():
        words = words.replace(token, directive)
    if not all(part in words for part in ("%Y", "%m", "%d")):
        raise NotAFormat(
            f"{text!r} is no date format; give dmy, mdy, epoch, epoch_ms or a pattern "
            "with %Y, %m and %d such as %d/%m/%Y"
        )
    return words


@dataclass(frozen=True, slots=True)
class _Read:
    """A date as written, with a time of day and an offset if they were written."""

    day: date
    clock: time | None = None
    offset: timezone | None = None


def moment(
    cell: Cell, *, zone: ZoneInfo, form: str | None = None, field: str
) -> Moment | Bad | None:
    """This reads an instant; None is an empty cell."""
    if isinstance(cell, str) and form in (None, DMY, MDY) and USUAL.fullmatch(cell):
        # The way most files write it, without taking it apart.
        try:
            local = datetime.fromisoformat(cell)
        except ValueError:
            return _bad(field, cell)
        usual = _checked(_Read(local.date(), local.time()), field)
        return _placed(usual, zone, field) if isinstance(usual, _Read) else usual
    read = _parts(cell, form, field)
    if not isinstance(read, _Read):
        return read
    try:
        return _placed(read, zone, field)
    except OverflowError:
        return _bad(field, plain(cell))


def day(cell: Cell, *, form: str | None = None, field: str) -> date | Bad | None:
    """This reads a calendar day, as a birthday; a time of day is left out."""
    read = _parts(cell, form, field)
    return read.day if isinstance(read, _Read) else read


def _placed(read: _Read, zone: ZoneInfo, field: str) -> Moment | Bad:
    if read.offset is not None and read.clock is not None:
        at = datetime.combine(read.day, read.clock, read.offset).astimezone(UTC)
        return Moment(at, at.astimezone(zone).date())
    if read.clock is None:
        return Moment(start_of_day(read.day, zone), read.day)
    local = datetime.combine(read.day, read.clock)
    at = local.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        detail = (
            f"{field}: {local:%Y-%m-%d %H:%M} does not exist in {zone.key} "
            "(the clocks go forward); give the offset"
        )
        return Bad("nonexistent_time", detail)
    return Moment(at, read.day)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """This is the first instant of a local day, also where midnight is skipped."""
    at = datetime.combine(day, time(), zone).astimezone(UTC)
    if at.astimezone(zone).date() == day:
        return at
    # Midnight falls into the gap: the day begins where the gap ends.
    before = at - timedelta(hours=3)
    low, high = before, at + timedelta(hours=3)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).date() < day:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _parts(cell: Cell, form: str | None, field: str) -> _Read | Bad | None:
    if isinstance(cell, datetime):
        offset = cell.utcoffset()
        tz = None if offset is None else timezone(offset)
        return _checked(_Read(cell.date(), cell.time().replace(fold=0), tz), field)
    if isinstance(cell, date):
        return _checked(_Read(cell), field)
    text = plain(cell)
    if not text:
        return None
    if form in (EPOCH, EPOCH_MS):
        return _epoch(text, form, field)
    if form is not None and "%" in form:
        return _by_pattern(text, form, field)
    try:
        read = _by_shape(text, form, field)
    except ValueError:
        return _bad(field, text)
    return _checked(read, field) if isinstance(read, _Read) else read


def _epoch(text: str, form: str, field: str) -> _Read | Bad:
    if not re.fullmatch(r"-?\d{1,14}(\.\d{1,9})?", text):
        return _bad(field, text, "seconds since 1970" if form == EPOCH else "ms")
    seconds = float(text) / (1000 if form == EPOCH_MS else 1)
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return _bad(field, text)
    return _checked(_Read(at.date(), at.time(), timezone.utc), field)  # noqa: UP017  the type is timezone


def _by_pattern(text: str, form: str, field: str) -> _Read | Bad:
    try:
        at = datetime.strptime(text, form)  # noqa: DTZ007  a zone is added later
    except ValueError:
        return _bad(field, text, f"a date written as {form}")
    has_clock = any(part in form for part in ("%H", "%I", "%M", "%T", "%X", "%c"))
    offset = at.utcoffset()
    tz = None if offset is None else timezone(offset)
    return _checked(_Read(at.date(), at.time() if has_clock else None, tz), field)


def _by_shape(text: str, form: str | None, field: str) -> _Read | Bad:
    """Try each shape in turn; raises ValueError for a day that does not exist."""
    if match := YEAR_FIRST.fullmatch(text):
        parts = match.groupdict()
        month = next(parts[k] for k in ("m", "m2", "m3", "m4") if parts[k])
        of_month = next(parts[k] for k in ("d", "d2", "d3", "d4") if parts[k])
        found = date(int(match["y"]), int(month), int(of_month))
        return _with_time(found, match["rest"], text, field)
    if match := BASIC.fullmatch(text):
        return _basic(match, text, field)
    if match := DOTTED.fullmatch(text):
        found = date(int(match[3]), int(match[2]), int(match[1]))
        return _with_time(found, match["rest"], text, field)
    if match := SWAPPABLE.fullmatch(text):
        return _swappable(match, form, text, field)
    if match := NAMED_MONTH.fullmatch(text):
        name = (match["m"] or match["m2"])[:3].lower()
        month_number = MONTHS.get(name)
        if month_number:
            of_month = match["d"] or match["d2"]
            found = date(int(match["y"]), month_number, int(of_month))
            return _with_time(found, match["rest"], text, field)
    if SHORT_YEAR.fullmatch(text):
        detail = f"{field}: {shown(text)} has a year of two digits; give four"
        return Bad("two_digit_year", detail)
    return _bad(field, text)


def _basic(match: re.Match[str], text: str, field: str) -> _Read | Bad:
    found = date(int(match[1]), int(match[2]), int(match[3]))
    rest = match["rest"] or ""
    if match[4] is None:
        return _with_time(found, rest, text, field)
    clock = f"{match[4]}:{match[5]}" + (f":{match[6]}" if match[6] else "")
    return _with_time(found, f"T{clock}{rest}", text, field)


def _swappable(
    match: re.Match[str], form: str | None, text: str, field: str
) -> _Read | Bad:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    readings = {}
    for name, (month, of_month) in {
        DMY: (second, first),
        MDY: (first, second),
    }.items():
        try:
            readings[name] = date(year, month, of_month)
        except ValueError:
            continue
    if form in (DMY, MDY):
        if form not in readings:
            return _bad(field, text, "a day first" if form == DMY else "a month first")
        return _with_time(readings[form], match["rest"], text, field)
    days = set(readings.values())
    if len(days) > 1:
        detail = (
            f"{field}: {shown(text)} may be day or month first; "
            "say which (--date-format dmy or mdy)"
        )
        return Bad("ambiguous_date", detail)
    if not days:
        return _bad(field, text)
    return _with_time(days.pop(), match["rest"], text, field)


def _with_time(found: date, rest: str, text: str, field: str) -> _Read | Bad:
    if not rest.strip():
        return _Read(found)
    match = TIME.fullmatch(rest)
    if match is None:
        return _bad(field, text)
    hour = int(match["h"])
    half = (match["ampm"] or "").replace(".", "").lower()
    half = half or {"上午": "am", "下午": "pm"}.get(match["half"] or "", "")
    if half:
        if not 1 <= hour <= 12:
            return _bad(field, text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    micro = int((match["f"] or "0").ljust(6, "0")[:6])
    clock = time(hour, int(match["min"]), int(match["s"] or 0), micro)
    return _Read(found, clock, _offset(match["zone"]))


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text in ("Z", "UTC"):
        return timezone(timedelta(0))
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _checked(read: _Read, field: str) -> _Read | Bad:
    if read.day.year < FIRST_YEAR:
        return _bad(field, str(read.day), f"a year from {FIRST_YEAR} on")
    return read


def _bad(field: str, text: str, accepted: str = ACCEPTED) -> Bad:
    detail = f"{field}: {shown(text)} is not a date here; give {accepted}"
    return Bad("bad_date", detail)
