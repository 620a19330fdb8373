"""The figures of Points today, each with its day, window and base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.lib import charts, formats, periods
from config.lib.charts import Series
from config.lib.ui import Cell, Note
from loyalty.points import totals
from loyalty.points.enums import TransferKind
from loyalty.points.totals import Band, Moved, Reach
from members.programme.rules import Settings

DAYS = 30
SOON, LATER = 30, 90
# Bounds between bands of age of debts, in days.
BANDS = (30, 90, 180)

_GROUPS: dict[str, tuple[TransferKind, ...]] = {
    "earned": (TransferKind.EARN, TransferKind.EVENT),
    "spent": (TransferKind.REDEEM,),
    "given_back": (TransferKind.RESTORE,),
    "expired": (TransferKind.EXPIRE, TransferKind.UNEXPIRE),
    "taken_back": (TransferKind.REVERSE,),
    "adjusted": (TransferKind.ADJUST,),
    "written_off": (TransferKind.WRITE_OFF,),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What moved in one way today, and in how many entries."""

    label: str
    points: int
    entries: int


@dataclass(frozen=True, kw_only=True)
class Chart:
    drawing: SafeString
    caption: str
    head: list[str]
    rows: list[list[str | Cell]]
    names: list[str]


def group_names() -> dict[str, str]:
    return {
        "earned": _("Earned"),
        "spent": _("Spent"),
        "given_back": _("Given back"),
        "expired": _("Expired"),
        "taken_back": _("Taken back"),
        "adjusted": _("Adjusted"),
        "written_off": _("Written off"),
    }


def band_names() -> list[str]:
    first, second, third = BANDS
    return [
        _("up to %(n)s days") % {"n": first},
        _("%(n)s to %(m)s days") % {"n": first + 1, "m": second},
        _("%(n)s to %(m)s days") % {"n": second + 1, "m": third},
        _("over %(n)s days") % {"n": third},
    ]


def band_starts(now: datetime, settings: Settings) -> list[datetime]:
    """The first moment of each band but the oldest, the youngest first."""
    day = periods.day_of(now, settings.zone)
    return [
        periods.day_start(day - timedelta(days=days), settings.zone) for days in BANDS
    ]


def today(
    *, reach: Reach, settings: Settings, now: datetime, language: str
) -> dict[str, Any]:
    """Everything the page says, in three questions to the books."""
    day = periods.day_of(now, settings.zone)
    first = day - timedelta(days=DAYS - 1)
    moved = totals.moved(
        reach=reach,
        start=periods.day_start(first, settings.zone),
        end=periods.day_end(day, settings.zone),
        time_zone=settings.time_zone,
    )
    out = totals.outstanding(
        reach=reach,
        at=now,
        soon=periods.day_end(day + timedelta(days=SOON), settings.zone),
        later=periods.day_end(day + timedelta(days=LATER), settings.zone),
    )
    bands = totals.bands(reach=reach, starts=band_starts(now, settings))
    days = [first + timedelta(days=n) for n in range(DAYS)]
    return {
        "day": day,
        "figures": _figures([one for one in moved if one.day == day]),
        "today_note": _note(
            [one for one in moved if one.day == day],
            day,
            _("today, %(zone)s") % {"zone": settings.time_zone},
        ),
        "chart": _chart(moved, days, language),
        "chart_note": _note(moved, day, _("the last %(n)s days") % {"n": DAYS}),
        "out": out,
        "out_note": Note(
            as_of=day,
            window=_("points that are held now"),
            base=_("members with points"),
            n=out.members,
        ),
        "owed": sum(one.points for one in bands),
        "debts_note": Note(
            as_of=day,
            window=_("debts that are open now"),
            base=_("members who owe"),
            n=sum(one.members for one in bands),
        ),
        "debt_rows": _debts(bands),
    }


def _note(moved: Sequence[Moved], day: date, window: str) -> Note:
    return Note(
        as_of=day,
        window=window,
        base=_("entries by when they happened"),
        n=sum(one.entries for one in moved),
    )


def _figures(moved: Sequence[Moved]) -> list[Figure]:
    names = group_names()
    return [
        Figure(
            label=names[group],
            points=sum(one.points for one in moved if one.kind in kinds),
            entries=sum(one.entries for one in moved if one.kind in kinds),
        )
        for group, kinds in _GROUPS.items()
        if group != "written_off"  # rare, and in the table
    ]


def _debts(bands: Sequence[Band]) -> list[tuple[int, str, int, int]]:
    found = {one.band: one for one in bands}
    none = Band(band=0, members=0, points=0)
    return [
        (n, name, found.get(n, none).members, found.get(n, none).points)
        for n, name in enumerate(band_names())
    ]


def _chart(moved: Sequence[Moved], days: Sequence[date], language: str) -> Chart:
    names = group_names()
    sums = {
        group: [
            sum(one.points for one in moved if one.day == day and one.kind in kinds)
            for day in days
        ]
        for group, kinds in _GROUPS.items()
    }
    gone = [-(a + b) for a, b in zip(sums["expired"], sums["taken_back"], strict=True)]
    spent = [-points for points in sums["spent"]]
    labels = [names["earned"], names["spent"], _("Expired or taken back")]
    series = [sums["earned"], spent, gone]
    finding = _(
        "%(earned)s points earned, %(spent)s spent, %(gone)s expired or taken back."
    )
    finding %= {
        "earned": formats.number(sum(sums["earned"]), language=language),
        "spent": formats.number(sum(spent), language=language),
        "gone": formats.number(sum(gone), language=language),
    }
    return Chart(
        drawing=_drawing(labels, series, days, finding, language),
        caption=finding,
        head=[_("Day"), *names.values()],
        rows=[
            [
                day.isoformat(),
                *(formats.signed(sums[name][n], language=language) for name in _GROUPS),
            ]
            for n, day in reversed(list(enumerate(days)))
        ],
        names=labels,
    )


def _drawing(
    names: Sequence[str],
    series: Sequence[Sequence[int]],
    days: Sequence[date],
    finding: str,
    language: str,
) -> SafeString:
    if not any(any(values) for values in series):
        return SafeString("")
    tips = [
        formats.named_below(
            formats.day(day, language=language),
            [
                (name, formats.number(values[n], language=language))
                for name, values in zip(names, series, strict=True)
            ],
            language=language,
        )
        for n, day in enumerate(days)
    ]
    return charts.lines(
        [
            Series(name, [float(one) for one in values], f"c{n + 1}")
            for n, (name, values) in enumerate(zip(names, series, strict=True))
        ],
        labels=[
            f"{day.day}" if day.day != 1 and n else formats.day(day, language=language)
            for n, day in enumerate(days)
        ],
        tips=tips,
        finding=finding,
        format_tick=lambda value: formats.compact(value, language=language),
    )
