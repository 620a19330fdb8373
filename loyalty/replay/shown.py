"""The result of a replay in words, charts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.conf import settings as conf
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.lib import charts, formats, periods
from config.lib.ui import Cell, Note
from loyalty.replay.models import Replay
from loyalty.replay.rules import EDGES, TODAY, reached_by, side_of
from members.profiles.models import Member
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Chart:
    drawing: SafeString
    caption: str
    head: list[str]
    rows: list[list[Any]]
    names: list[str]


@dataclass(frozen=True, kw_only=True)
class SideShown:
    """One set of rules: what it costs and what is still owed, in points and money."""

    key: str
    name: str
    hash: str
    points: int
    stamps: int
    back: int
    net: int
    cost: str
    more: str
    costs_less: bool | None
    owed: int
    owed_money: str
    moves: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class PairShown:
    """How members fare under the second side instead of the first."""

    key: str
    before: str
    after: str
    winners: int
    losers: int
    same: int
    gained: int
    lost: int
    chart: Chart
    top: list[list[Any]]
    bottom: list[list[Any]]


def language() -> str:
    return get_language() or conf.LANGUAGE_CODE


def name_of(side: Mapping[str, Any]) -> str:
    if side["key"] == TODAY:
        return _("Today's rules")
    return _(side["name"])


def sides(replay: Replay) -> list[SideShown]:
    told = [side_of(one).settings for one in replay.sides]
    found = (replay.result or {})["sides"]
    first = found[0]
    differ = _differing(found)
    return [
        _side(side, first, settings, differ=differ)
        for side, settings in zip(found, told, strict=True)
    ]


def by_real_points(replay: Replay) -> bool:
    """Say if tiers that multiply points are reached by points: by those of the books."""
    told = [side_of(one) for one in replay.sides]
    return any(
        tier.multiplier != 1
        for one in reached_by(told, "qualifying_points", "balance")
        for tier in one.tiers
    )


def by_real_balance(replay: Replay) -> bool:
    """Say if a tier is reached by a balance: by that of the books."""
    told = [side_of(one) for one in replay.sides]
    return any(reached_by(told, "balance"))


def _side(
    side: Mapping[str, Any],
    first: Mapping[str, Any],
    settings: Settings,
    *,
    differ: set[str],
) -> SideShown:
    more = side["cost_minor"] - first["cost_minor"]
    share = more / first["cost_minor"] if first["cost_minor"] else None
    is_first = side is first
    return SideShown(
        key=side["key"],
        name=name_of(side),
        hash=side["hash"],
        points=side["points"],
        stamps=side["stamps"],
        back=side["back"],
        net=side["net"],
        cost=_money(side["cost_minor"], settings),
        more=""
        if is_first or share is None
        else formats.signed_percent(share, language=language()),
        costs_less=None if is_first or more == 0 else more < 0,
        owed=side["owed"],
        owed_money=_money(side["owed_minor"], settings),
        moves=_moves([one for one in side["moves"] if one["key"] in differ]),
    )


def _differing(found: Sequence[Mapping[str, Any]]) -> set[str]:
    """Sets in which sides move members otherwise than today's rules, whatever tiers are
    called. A set that a side gives up moves nobody there, and is not compared."""
    today, *others = [
        {one["key"]: _ways(one) for one in side["moves"]} for side in found
    ]
    return {
        key for other in others for key, ways in other.items() if ways != today.get(key)
    }


def _ways(one: Mapping[str, Any]) -> list[Any]:
    return sorted(
        [way, *move["keys"], move["members"]]
        for way in ("up", "gone", "down")
        for move in one[way]
    )


def _moves(found: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of a table: set, from, to, when, how many members."""
    gone = _("a tier that is given up")
    return [
        [one["set"], move["from"] or gone, move["to"], when, _number(move["members"])]
        for one in found
        for way, when in (
            ("up", _("at once")),
            ("gone", _("at once")),
            ("down", _("when its time ends")),
        )
        for move in one[way]
    ]


def _money(minor: int, settings: Settings) -> str:
    return formats.money(
        minor,
        currency=settings.currency,
        exponent=settings.exponent,
        language=language(),
    )


def months(replay: Replay) -> Chart:
    """Points kept of each month's orders, a line for each set of rules."""
    found = (replay.result or {})["sides"]
    keys = sorted({month for side in found for month in side["months"]})
    names = [name_of(side) for side in found]
    values = [[_kept(side["months"].get(month)) for month in keys] for side in found]
    days = [date.fromisoformat(f"{month}-01") for month in keys]
    rows = [
        [
            Cell(formats.month(day, language=language())),
            *(Cell(_number(series[n])) for series in values),
        ]
        for n, day in enumerate(days)
    ]
    tips = [
        " · ".join(
            [
                formats.month(day, language=language()),
                *(
                    f"{name} {_number(series[n])}"
                    for name, series in zip(names, values, strict=True)
                ),
            ]
        )
        for n, day in enumerate(days)
    ]
    totals = [
        formats.named(name, _number(sum(series)), language=language())
        for name, series in zip(names, values, strict=True)
    ]
    finding = formats.clauses(totals, language=language())
    drawing = charts.lines(
        [
            charts.Series(name, series, tone=f"c{n + 1}", dashed=n == 0)
            for n, (name, series) in enumerate(zip(names, values, strict=True))
        ],
        labels=[formats.month_short(day, language=language()) for day in days],
        tips=tips,
        finding=_("Points by month. %(totals)s") % {"totals": finding},
        format_tick=lambda value: formats.compact(value, language=language()),
    )
    return Chart(
        drawing=drawing if keys else SafeString(""),
        caption=_("Points by month of the order"),
        head=[_("Month"), *names],
        rows=rows,
        names=names,
    )


def _kept(told: Mapping[str, int] | None) -> int:
    return told["points"] + told["stamps"] - told["back"] if told else 0


def pairs(replay: Replay, *, members: Mapping[int, Member]) -> list[PairShown]:
    result = replay.result or {}
    names = [name_of(side) for side in result["sides"]]
    return [
        PairShown(
            key=f"{pair['from']}-{pair['to']}",
            before=names[pair["from"]],
            after=names[pair["to"]],
            **{
                name: pair[name]
                for name in ("winners", "losers", "same", "gained", "lost")
            },
            chart=_distribution(pair),
            top=_ends(pair, members, top=True),
            bottom=_ends(pair, members, top=False),
        )
        for pair in result["pairs"]
    ]


def shown_members(replay: Replay) -> set[int]:
    found = (replay.result or {}).get("pairs", [])
    return {row["member_id"] for pair in found for row in pair["ends"]}


def _distribution(pair: Mapping[str, Any]) -> Chart:
    """How many members differ by how much; those who do not are told beside it."""
    labels = _bounds()
    counts = [pair["buckets"].get(str(n), 0) for n in range(len(labels))]
    kept = [n for n in range(len(labels)) if n != EDGES.index(1)]
    shown = [(labels[n], counts[n]) for n in kept]
    finding = _("%(winners)s members gain, %(losers)s lose, %(same)s stay.") % {
        "winners": _number(pair["winners"]),
        "losers": _number(pair["losers"]),
        "same": _number(pair["same"]),
    }
    return Chart(
        drawing=charts.bars(
            [count for _label, count in shown],
            labels=[_short(n) for n in kept],
            tips=[
                formats.named(label, _number(count), language=language())
                for label, count in shown
            ],
            finding=finding,
            format_tick=lambda value: formats.compact(value, language=language()),
        )
        if any(counts)
        else SafeString(""),
        caption=_("Members by the points they would have more or less"),
        head=[_("Points more or less"), _("Members")],
        rows=[[Cell(label), Cell(_number(count))] for label, count in shown],
        names=[],
    )


def _short(bucket: int) -> str:
    """The end of a bucket that is nearer to nought, for the axis."""
    edge = EDGES[bucket] - 1 if bucket < EDGES.index(1) else EDGES[bucket - 1]
    sign = "+" if edge > 0 else "−"
    return f"{sign}{formats.compact(abs(edge), language=language())}"


def _bounds() -> list[str]:
    """Buckets as people read them: −9 … −1, 1 … 9, 5,000 and more."""

    def signed(value: int) -> str:
        return formats.signed(value, language=language())

    told = [_("%(points)s or less") % {"points": signed(EDGES[0] - 1)}]
    for low, high in pairwise(EDGES):
        last = high - 1
        told.append(signed(low) if low == last else f"{signed(low)} … {signed(last)}")
    return [*told, _("%(points)s or more") % {"points": signed(EDGES[-1])}]


def _ends(
    pair: Mapping[str, Any], members: Mapping[int, Member], *, top: bool
) -> list[list[Any]]:
    return [
        [
            _member(row["member_id"], members),
            _number(row["before"]),
            _number(row["after"]),
            formats.signed(row["difference"], language=language()),
        ]
        for row in pair["ends"]
        if row["is_top"] == top
    ]


def _member(member_id: int, members: Mapping[int, Member]) -> Cell:
    member = members.get(member_id)
    if member is None:
        return Cell(str(member_id))
    number = str(member.number)
    return Cell(number, reverse("points:member", args=[number]))


def note(replay: Replay) -> Note:
    settings = side_of(replay.sides[0]).settings
    counts = (replay.result or {})["counts"]
    day = periods.day_of(replay.as_of, settings.zone)
    window = f"{formats.day(replay.first_on, language=language())} – " + formats.day(
        day, language=language()
    )
    return Note(
        as_of=day,
        window=window,
        base=_("%(orders)s orders of these days, with their returns")
        % {"orders": _number(counts["orders"])},
        n=counts["members"],
    )


def _number(value: int) -> str:
    return formats.number(value, language=language())
