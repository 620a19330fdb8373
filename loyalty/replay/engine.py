"""The replay of one batch of members: nothing outlives its transaction but its sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.types.json import Jsonb

from config.lib import periods
from loyalty.orders import earning, grants, stamps
from loyalty.orders.grants import Stretch
from loyalty.points import kernel
from loyalty.points.postings import currency_of
from loyalty.replay import statements
from loyalty.replay.rules import (
    Side,
    Window,
    multiplies_alike,
    reached_by,
    same_ladder,
    stretches_of,
)
from loyalty.tiers import bases, preview, standing
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """A statement that works out what members would have held, and what it is told."""

    sql: str
    told: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a replay needs beside the rows of orders, the same for every batch."""

    window: Window
    sides: tuple[Side, ...]
    told: dict[str, Any]
    by_side: tuple[dict[str, Any], ...]
    # Who would move between tiers under each side; none where no side moves anybody.
    moves: tuple[Tiers | None, ...]
    at_once: bool

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(combinations(range(len(self.sides)), 2))


def prepare(*, window: Window, sides: Sequence[Side]) -> Prepared:
    today = sides[0].settings
    starts = window.starts(today)
    told = {
        "first": window.first,
        "as_of": window.as_of,
        "starts": starts,
        "zone": today.time_zone,
        "currency": currency_of(today, None),
    }
    timeline = earning.timeline()
    limited = any(
        one.settings.earn is not None and one.settings.earn.caps.total is not None
        for one in sides
    )
    # What was held says what a side multiplies by only if its tiers were those of the whole
    # window. Held and worked out cannot be compared: one side worked out, all are.
    then = [one.settings for one in timeline if _within(one, starts, window.as_of)]
    anew = any(
        not multiplies_alike(one.settings, held)
        for one in sides
        for held in (today, *then)
    )
    moving = any(not same_ladder(one.settings, today) for one in sides) or any(
        reached_by(sides, "qualifying_points")
    )
    used = kernel.run(statements.USED, told)[0]["used"] if limited else 0
    return Prepared(
        window=window,
        sides=tuple(sides),
        told={**told, "used": used},
        by_side=tuple(
            _side(place, one, stretches_of(one, timeline=timeline, starts=starts), told)
            | {"tiers": _tiers(one.settings, as_of=window.as_of) if anew else None}
            for place, one in enumerate(sides)
        ),
        moves=tuple(_moves(one.settings, as_of=window.as_of) for one in sides)
        if moving
        else (),
        at_once=limited,
    )


def _within(one: Stretch, starts: datetime, ends: datetime) -> bool:
    return (one.starts is None or one.starts < ends) and (
        one.ends is None or one.ends > starts
    )


def _tiers(settings: Settings, *, as_of: datetime) -> Tiers | None:
    """None: no tier multiplies."""
    if not grants.factors_of(settings):
        return None
    factors = {
        n: {rank: str(tier.multiplier) for rank, tier in enumerate(one.tiers)}
        for n, one in enumerate(settings.tier_sets)
        if any(tier.multiplier != 1 for tier in one.tiers)
    }
    found = standing.of(settings=settings, asked=statements.BOUGHT, at=as_of)
    return Tiers(
        sql=statements.tiers(standing=found.sql, sets=factors),
        told={**found.told, "factors": Jsonb(factors)},
    )


def _moves(settings: Settings, *, as_of: datetime) -> Tiers | None:
    if not settings.tier_sets:
        return None
    sources = {
        **bases.entries(),
        "qualifying_points": statements.QUALIFYING_POINTS,
    }
    found = standing.of(
        settings=settings,
        asked=statements.ASKED,
        at=as_of,
        entries=sources,
    )
    today = preview.told_at(periods.day_of(as_of, settings.zone))
    return Tiers(sql=preview.counts(found), told={**found.told, **today})


def _side(
    place: int, side: Side, stretches: list[Stretch], told: Mapping[str, Any]
) -> dict[str, Any]:
    now = stretches[-1]
    cards = [card for card in stamps.cards_of(stretches) if card.ends is None]
    last = periods.day_of(told["as_of"], side.settings.zone)
    days = (last - told["first"]).days + 1
    calendar = grants.calendar_of(
        [now], (told["first"] + timedelta(days=n) for n in range(days))
    )
    return {
        "side": place,
        "rules": Jsonb(grants.rules_of([now])),
        "calendar": Jsonb(calendar),
        "cards": Jsonb([stamps.row_of(card) for card in cards]),
        "has_cards": bool(cards),
        "rolling": side.settings.expiry.by == "inactivity",
        "version": side.settings.number,
    }


def batch(*, prepared: Prepared, low: int, high: int) -> dict[str, Any]:
    """Return what the members of these ids come to. Call it inside a transaction."""
    told = {**prepared.told, "low": low, "high": high}
    with connection.cursor() as cursor:
        for statement in statements.TABLES:
            cursor.execute(statement, told)
        for one in prepared.by_side:
            side = {**told, **one}
            if side["rules"].obj:
                _earn(cursor, side)
            if one["has_cards"]:
                cursor.execute(statements.STAMPS, side)
            if one["rolling"]:
                cursor.execute(statements.ROLL, side)
        cursor.execute(statements.MEMBERS)
        found = _sums(prepared, told)
        if prepared.moves:
            for statement in statements.BY_MEMBER:
                cursor.execute(statement)
            found["moves"] = _moved(prepared, told)
        cursor.execute(
            "DROP TABLE replay_grant, replay_returned, replay_tier, replay_member"
        )
    return found


def _earn(cursor: CursorWrapper, side: Mapping[str, Any]) -> None:
    tiers = side["tiers"]
    if tiers is None:
        cursor.execute(statements.EARN, side)
        return
    cursor.execute("TRUNCATE replay_tier")
    cursor.execute(tiers.sql, {**side, **tiers.told})
    cursor.execute("ANALYZE replay_tier")
    cursor.execute(statements.EARN_BY_OTHER_TIERS, side)


def _sums(prepared: Prepared, told: Mapping[str, Any]) -> dict[str, Any]:
    months: dict[str, Any] = {}
    for row in kernel.run(statements.MONTHS, told):
        side = months.setdefault(str(row.pop("side")), {})
        side[row.pop("month")] = row
    ledger = {row.pop("month"): row for row in kernel.run(statements.LEDGER, told)}
    return {
        "counts": kernel.run(statements.COUNTS, told)[0],
        "months": months,
        "ledger": ledger,
        "pairs": {f"{one}-{other}": _pair(one, other) for one, other in prepared.pairs},
    }


def _moved(prepared: Prepared, told: Mapping[str, Any]) -> dict[str, Any]:
    """By side, then by set, tier held and tier that fits: how many members."""
    return {
        str(place): {
            f"{row['set_no']} {row['rank']} {row['fit']}": row["members"]
            for row in kernel.run(one.sql, {**told, **one.told, "side": place})
        }
        for place, one in enumerate(prepared.moves)
        if one is not None
    }


def _pair(one: int, other: int) -> dict[str, Any]:
    def rows(text: str) -> list[dict[str, Any]]:
        return kernel.run(statements.of_sides(text, one=one, other=other), {})

    return {
        **rows(statements.PAIR)[0],
        "buckets": {
            str(row["bucket"]): row["members"] for row in rows(statements.BUCKETS)
        },
        "ends": rows(statements.ENDS),
    }


def add(
    one: Mapping[str, Any], other: Mapping[str, Any], *, top: int
) -> dict[str, Any]:
    """Put the sums of two batches together; of each end the `top` furthest stay."""
    if not one:
        return dict(other)
    whole: dict[str, Any] = {}
    for name in dict.fromkeys([*one, *other]):
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            whole[name] = right if left is None else left
        elif name == "ends":
            whole[name] = _ends([*left, *right], top)
        elif isinstance(left, Mapping):
            whole[name] = add(left, right, top=top)
        else:
            whole[name] = left + right
    return whole


def _ends(rows: Iterable[dict[str, Any]], top: int) -> list[dict[str, Any]]:
    def furthest(row: Mapping[str, Any]) -> tuple[int, int]:
        return (-abs(row["difference"]), row["member_id"])

    ordered = sorted(rows, key=furthest)
    winners = [row for row in ordered if row["is_top"]][:top]
    return winners + [row for row in ordered if not row["is_top"]][:top]
