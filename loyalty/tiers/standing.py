"""Which tier members have reached: a pure calculation, in SQL, for one or for all.

`of` gives the text of a query over `asked (member_id, day)`; it reads entries and writes
nothing, so a preview and a replay ask it as the till and the night do. A window counts
the local days after its beginning, up to and with `day`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.tiers import bases
from members.programme.rules import Settings
from members.programme.tiers import Tier, TierSet


@dataclass(frozen=True)
class Slot:
    """One thing that is counted; several tiers of several sets may look at it."""

    basis: str
    window: str
    metric: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """CTEs from `asked` to `fits`, and what they are told.

    `fits` has a row for each asked row and set: `set_no`, `set_key`, `fit` (the place of
    the highest tier reached), `joined_on`, and what was counted, `v0` and on, by `slots`.
    """

    sql: str
    told: Mapping[str, Any]
    slots: Sequence[Slot]


def slot_of(tier: Tier) -> Slot:
    # What is no sum of a window is the same whatever the window says of its end.
    window = tier.window if tier.basis in ("spend", "qualifying_points") else ""
    return Slot(tier.basis, window, tier.metric)


def slots_of(sets: Sequence[TierSet]) -> list[Slot]:
    found = (slot_of(tier) for one in sets for tier in one.tiers[1:])
    return list(dict.fromkeys(found))


def of(
    *,
    settings: Settings,
    asked: str,
    at: datetime,
    entries: Mapping[str, str] | None = None,
) -> Standing:
    """`asked` is a query of members and days; `at` the moment balances are read."""
    slots = slots_of(settings.tier_sets)
    sources = bases.entries() if entries is None else entries
    told = {
        "zone": settings.time_zone,
        "currency": settings.currencies[0].key,
        "moment": at,
        "sets": Jsonb(rows_of(settings)),
        "ranks": Jsonb(_ranks(settings)),
    }
    values = ", ".join(f"v{n}" for n in range(len(slots)))
    sql = f"""
asked AS ({asked}),
tiers AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(sets)s) AS t (
        set_no int, set_key text, rank int, tier text, span text, validity text, grace int,
        downgrade text, clawback int)
),
fits AS (
    SELECT a.member_id, a.day, m.joined_on, r.set_no, r.set_key, r.fit{", " + values if values else ""}
      FROM asked a
      JOIN members_member m ON m.id = a.member_id
      {_lows(slots)}
      {_counted(slots, sources)}
     CROSS JOIN LATERAL (VALUES {_fits(settings, slots)}) r (set_no, set_key, fit)
)"""  # noqa: S608  our own text: numbers, and words that settings were checked for
    return Standing(sql=sql, told=told, slots=slots)


def rows_of(settings: Settings) -> list[dict[str, Any]]:
    """What the database is told of each tier."""
    return [
        {
            "set_no": n,
            "set_key": one.key,
            "rank": rank,
            "tier": tier.key,
            "span": tier.window,
            "validity": one.validity,
            "grace": one.grace_of(tier),
            "downgrade": one.downgrade_of(tier),
            "clawback": one.clawback_days,
        }
        for n, one in enumerate(settings.tier_sets)
        for rank, tier in enumerate(one.tiers)
    ]


def _ranks(settings: Settings) -> dict[str, dict[str, int]]:
    return {
        one.key: {tier.key: rank for rank, tier in enumerate(one.tiers)}
        for one in settings.tier_sets
    }


def _lows(slots: Sequence[Slot]) -> str:
    windows = [(n, slot.window) for n, slot in enumerate(slots) if slot.window]
    if not windows:
        return ""
    lows = ", ".join(
        f"tier_low('{window}', a.day, m.joined_on) AS low{n}" for n, window in windows
    )
    names = ", ".join(f"low{n}" for n, _window in windows)
    # OFFSET keeps the beginnings from being worked out anew for each entry.
    return (
        f"CROSS JOIN LATERAL (SELECT *, least({names}) AS first "  # noqa: S608  as above
        f"FROM (SELECT {lows} OFFSET 0) w OFFSET 0) l"
    )


def _counted(slots: Sequence[Slot], sources: Mapping[str, str]) -> str:
    parts = [_sums(basis, slots, text) for basis, text in sources.items()]
    for n, slot in enumerate(slots):
        if slot.basis == "balance":
            parts.append(f"LEFT JOIN LATERAL (SELECT {_BALANCE} AS v{n}) b{n} ON true")
        elif slot.basis == "metric":
            parts.append(
                f"LEFT JOIN LATERAL (SELECT place AS v{n} FROM loyalty_tiermetric x "  # noqa: S608  as above
                f"WHERE x.member_id = a.member_id AND x.metric = '{slot.metric}') b{n} ON true"
            )
    return "\n".join(part for part in parts if part)


def _sums(basis: str, slots: Sequence[Slot], entries: str) -> str:
    wanted = [n for n, slot in enumerate(slots) if slot.basis == basis]
    if not wanted:
        return ""
    sums = ", ".join(
        f"sum(x.amount) FILTER (WHERE x.day > l.low{n}) AS v{n}" for n in wanted
    )
    return (
        f"LEFT JOIN LATERAL (SELECT {sums} FROM ({entries}) x "  # noqa: S608  as above
        f"WHERE x.day <= a.day) of_{basis} ON true"
    )


# As a member reads it: live lots, and what holds keep of lots that have ended.
_BALANCE = """(
    SELECT sum(CASE WHEN x.expires_at <= %(moment)s THEN x.held ELSE x.remaining END)
      FROM loyalty_account c JOIN loyalty_lot x ON x.account_id = c.id
     WHERE c.member_id = a.member_id AND c.currency = %(currency)s AND x.remaining > 0
       AND x.available_at <= %(moment)s)"""


def _fits(settings: Settings, slots: Sequence[Slot]) -> str:
    rows = []
    for n, one in enumerate(settings.tier_sets):
        cases = [
            f"WHEN v{slots.index(slot_of(tier))} >= {_threshold(tier, settings)} THEN {rank}"
            for rank, tier in reversed(list(enumerate(one.tiers)))
            if rank
        ]
        case = f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"
        rows.append(f"({n}, '{one.key}', {case})")
    return ", ".join(rows)


def _threshold(tier: Tier, settings: Settings) -> str:
    """In what is counted: minor units of money, points, or a place."""
    if tier.basis == "spend":
        return f"{tier.threshold.scaleb(settings.exponent):f}"
    return f"{tier.threshold:f}"
