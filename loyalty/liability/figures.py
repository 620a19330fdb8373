"""The page of the liability as its template wants it: sentences, charts and their tables."""

from __future__ import annotations

from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.lib import charts, formats
from config.lib.charts import Series
from config.lib.ui import Cell, Note
from loyalty.liability import cohorts, queries
from loyalty.liability.enums import Move
from loyalty.liability.report import Ending, Line, Report
from loyalty.liability.wording import Chart, Voice

DAYS, MONTHS = 31, 24
# How many months of ends the forecast draws; its table has all of them.
AHEAD = 18


def note(report: Report, window: str, base: str, n: int, definition: str = "") -> Note:
    return Note(
        as_of=report.as_of, window=window, base=base, n=n, definition=definition
    )


def kpis(report: Report, said: Voice) -> list[tuple[str, str, str]]:
    """Label, value and what stands under it."""
    today, found = report.today, report.breakage
    owed = today.pending + today.active
    deferred = queries.sums_of(today).deferred
    between = _("%(low)s to %(high)s")
    between %= {"low": said.percent(found.low), "high": said.percent(found.high)}
    return [
        (
            _("Points outstanding"),
            said.number(owed),
            _("%(pending)s pending, %(held)s on hold")
            % {"pending": said.number(today.pending), "held": said.number(today.held)},
        ),
        (_("If all were redeemed"), said.worth(owed), _("at what a point pays today")),
        (
            _("Breakage"),
            said.percent(found.rate),
            between if found.rate is not None else "",
        ),
        (_("Deferred revenue"), said.minor(deferred), _("points sold with goods")),
        (
            _("Provision"),
            said.minor(queries.sums_of(today).provision),
            _("points given without a purchase"),
        ),
    ]


def roll_head() -> list[str]:
    columns = [Move.EARNED, Move.REVERSED, Move.SPENT, Move.RESTORED, Move.EXPIRED]
    rest = [Move.ADJUSTED, Move.CONVERTED, Move.WRITTEN_OFF]
    return [
        _("Day"),
        _("Opening"),
        *(str(one.label) for one in (*columns, *rest)),
        _("Closing"),
        _("Pending"),
        _("Available"),
        _("On hold"),
        _("Owed"),
    ]


def roll_rows(lines: list[Line], said: Voice, *, by: str) -> list[list[str | Cell]]:
    """The newest first; a day leads to its entries."""
    rows: list[list[str | Cell]] = []
    for line in reversed(lines):
        name = line.last.isoformat() if by == "day" else f"{line.last:%Y-%m}"
        url = f"days/{line.last.isoformat()}/" if by == "day" else ""
        rows.append(
            [
                Cell(name, url),
                said.number(line.opening),
                *(said.signed(points) for points in line.moves.values()),
                said.number(line.closing),
                said.number(line.pending),
                said.number(line.active),
                said.number(line.held),
                said.number(line.debt),
            ]
        )
    return rows


def roll_chart(lines: list[Line], said: Voice, *, by: str) -> Chart:
    names = [_("Closing"), _("Earned"), _("Spent")]
    series = [
        Series(names[0], [float(one.closing) for one in lines], "c1"),
        Series(names[1], [float(one.moves["earned"]) for one in lines], "c2"),
        Series(names[2], [float(-one.moves["spent"]) for one in lines], "c3"),
    ]
    labels = [
        said.day(one.last) if by == "day" else said.month(one.last) for one in lines
    ]
    finding = _("%(opening)s points at the start, %(closing)s at the end.") % {
        "opening": said.number(lines[0].opening if lines else 0),
        "closing": said.number(lines[-1].closing if lines else 0),
    }
    drawing = SafeString("")
    if len(lines) > 1:
        drawing = charts.lines(
            series,
            labels=labels,
            tips=[
                said.named_below(
                    label,
                    [(one.name, said.number(one.values[n] or 0)) for one in series],
                )
                for n, label in enumerate(labels)
            ],
            finding=finding,
            format_tick=lambda value: formats.compact(value, language=said.language),
        )
    return Chart(
        drawing=drawing,
        caption=finding,
        head=roll_head(),
        rows=roll_rows(lines, said, by=by),
        names=[(one.tone, one.name) for one in series],
    )


def trend(report: Report, said: Voice) -> Chart:
    """What is owed by how soon it ends, in money; the nearest end at the baseline."""
    names = [
        _("ends within a month"),
        _("in 1 to 3 months"),
        _("in 3 to 12 months"),
        _("later or never"),
    ]
    money = [
        [
            float(queries.money_of(points=points, settings=said.settings))
            for points in bands
        ]
        for _day, bands in report.trend
    ]
    labels = [said.month(day) for day, _bands in report.trend]
    # The nearest end lies at the baseline, in orange.
    tones = ("a4", "a1", "a2", "a3")
    soon = report.trend[-1][1][0] if report.trend else 0
    finding = _("Points worth %(soon)s end within a month.") % {
        "soon": said.worth(soon)
    }
    rows: list[list[str | Cell]] = [
        [day.isoformat(), *(said.worth(points) for points in bands)]
        for day, bands in reversed(report.trend)
    ]
    return Chart(
        drawing=charts.stacked(
            [
                Series(name, [row[n] for row in money], tones[n])
                for n, name in enumerate(names)
            ],
            labels=labels,
            tips=[
                said.named_below(
                    label,
                    [
                        (name, said.worth(report.trend[n][1][band]))
                        for band, name in enumerate(names)
                    ],
                )
                for n, label in enumerate(labels)
            ],
            finding=finding,
            format_tick=lambda value: formats.money_compact(
                Decimal(value),
                currency=said.settings.currency,
                exponent=said.settings.exponent,
                language=said.language,
            ),
        ),
        caption=finding,
        head=[_("At the end of"), *names],
        rows=rows,
        names=list(zip(tones, names, strict=True)),
    )


def forecast(report: Report, said: Voice) -> Chart:
    """Open points by the month they end, and what of them is expected to lapse."""
    shown = [one for one in report.endings if one.points > 0]
    lapses = sum(one.lapses for one in shown)
    finding = _("%(lapses)s of %(open)s open points are expected to lapse.") % {
        "lapses": said.number(lapses),
        "open": said.number(sum(one.points for one in shown)),
    }
    drawn = shown[:AHEAD]
    labels = [said.month(one.month) for one in drawn]
    drawing = SafeString("")
    if drawn:
        drawing = charts.bars(
            [float(one.points) for one in drawn],
            labels=labels,
            tips=[f"{said.month(one.month)}\n{_ending(one, said)}" for one in drawn],
            finding=finding,
            format_tick=lambda value: formats.compact(value, language=said.language),
        )
    return Chart(
        drawing=drawing,
        caption=finding,
        head=[
            _("Last valid in"),
            _("Open points"),
            _("Worth"),
            _("Expected to lapse"),
            _("Worth"),
        ],
        rows=[
            [
                said.month(one.month),
                said.number(one.points),
                said.worth(one.points),
                said.number(one.lapses),
                said.worth(one.lapses),
            ]
            for one in shown
        ],
        names=[],
    )


def _ending(one: Ending, said: Voice) -> str:
    return _("%(points)s open, %(lapses)s expected to lapse") % {
        "points": said.number(one.points),
        "lapses": said.number(one.lapses),
    }


def at_risk(report: Report, said: Voice) -> list[tuple[str, str, str]]:
    """What ends within the bounds of the trend: all of it, and what is likely to."""
    month = cohorts.month_of(report.as_of)
    found = []
    for months, text in (
        (1, _("by the end of next month")),
        (3, _("within 3 months")),
        (12, _("within 12 months")),
    ):
        ends = [
            one
            for one in report.endings
            if one.month is not None and cohorts.month_of(one.month) - month <= months
        ]
        found.append(
            (
                text,
                said.worth(sum(one.points for one in ends)),
                said.worth(sum(one.lapses for one in ends)),
            )
        )
    return found
