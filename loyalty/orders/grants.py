"""What orders earn, in SQL: one definition for a till's order, a file and a replay.

`rules` are stretches of time in which one version of the programme and one set of
bonuses are in force; `calendar` has what each version says of each local day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from config.lib import periods
from loyalty.points import rules as points
from members.programme import bonuses
from members.programme.points import Earn
from members.programme.rules import Settings

# No join of one step with another: each row carries what the next step needs, so the
# work grows with the orders and not with their square, whatever the planner expects.
_CALCULATION = """
WITH rules AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rules)s) AS r (
        version int, starts timestamptz, ends timestamptz, points numeric,
        per_minor numeric, rounding text, per text, base text, excluded jsonb,
        multipliers jsonb, bonus numeric, immediate boolean, rolling boolean,
        member_day bigint, member_month bigint, total bigint, tiers jsonb)
), weighed AS (
    SELECT o.id, o.member_id, o.placed_at, o.day, o.revision, r.version, r.points AS rate,
           r.per_minor, r.rounding, r.per, r.immediate, r.rolling, r.member_day,
           r.member_month, r.total, w.lines, w.weights, w.weight, w.by_line
      FROM loyalty_order o
      JOIN rules r ON (r.starts IS NULL OR o.placed_at >= r.starts)
                  AND (r.ends IS NULL OR o.placed_at < r.ends)
     -- Of the order, not of each line: OFFSET keeps it from being worked out anew there.
     CROSS JOIN LATERAL (
           SELECT CASE WHEN r.tiers IS NULL THEN 1
                       ELSE {factor} END AS factor
           OFFSET 0) held
     CROSS JOIN LATERAL (
           SELECT array_agg(line_no ORDER BY line_no) AS lines,
                  array_agg(weight ORDER BY line_no) AS weights, sum(weight) AS weight,
                  sum(rounded(weight * r.points, r.per_minor, r.rounding)) AS by_line
             FROM (SELECT l.line_no,
                          CASE WHEN (r.base = 'net_goods' AND NOT l.goods)
                                    OR r.excluded ? l.category THEN 0
                               ELSE l.amount_minor * r.bonus * held.factor
                                    * coalesce((r.multipliers ->> l.category)::numeric, 1) END
                              AS weight
                     FROM (SELECT x.line_no, x.category, x.amount_minor, x.goods
                             FROM loyalty_orderline x WHERE x.order_id = o.id
                            UNION ALL
                           -- What no line speaks of: all of an order without lines.
                           SELECT 0, '', o.amount_minor - coalesce((
                                  SELECT sum(x.amount_minor)::bigint FROM loyalty_orderline x
                                   WHERE x.order_id = o.id), 0), true) l
                    WHERE l.amount_minor > 0) lines) w
     WHERE {orders} AND o.kind = 'order' AND w.weight > 0
), earned AS (
    SELECT *, (CASE WHEN per = 'line' THEN by_line
                    ELSE rounded(weight * rate, per_minor, rounding) END)::bigint AS raw
      FROM weighed
), by_day AS (
    SELECT *, capped(member_day, {held_of_day},
                  raw, sum(raw) OVER (PARTITION BY member_id, day
                      ORDER BY placed_at, id)::bigint) AS of_day
      FROM earned
), by_month AS (
    SELECT *, capped(member_month, {held_of_month},
                  of_day, sum(of_day) OVER (PARTITION BY member_id, date_trunc('month', day)
                      ORDER BY placed_at, id)::bigint) AS of_month
      FROM by_day
), granted AS (
    SELECT *, capped(total, %(used)s, of_month,
                  sum(of_month) OVER (ORDER BY placed_at, id)::bigint) AS points
      FROM by_month
)
SELECT id AS order_id, member_id, placed_at, day, version, revision, points, rolling,
       CASE WHEN per = 'line' AND points = raw
            THEN shared_by_line(lines, weights, rate, per_minor, rounding)
            ELSE shared(points, lines, weights) END AS parts,
       CASE WHEN immediate THEN placed_at
            ELSE (%(calendar)s::jsonb #>> ARRAY[version || ':' || day, '0'])::timestamptz END
           AS available,
       (%(calendar)s::jsonb #>> ARRAY[version || ':' || day, '1'])::timestamptz AS expires
  FROM granted WHERE points > 0
"""


# By the tiers that were held when an order was placed.
HELD = "tier_factor(o.member_id, o.placed_at, r.tiers)"


def calculation(
    *, orders: str, held_of_day: str, held_of_month: str, factor: str = HELD
) -> str:
    """Return the statement from orders to grants; it reads no books and writes nothing.

    `orders` picks the rows of `o`; the next two say how much of a limit of the member's
    day and month is used before them, `factor` what tiers multiply by. It takes `rules`,
    `calendar` and `used`, which is how much of a limit for everybody is.
    """
    words = {
        "factor": factor,
        "orders": orders,
        "held_of_day": held_of_day,
        "held_of_month": held_of_month,
    }
    text = _CALCULATION
    for name, told in words.items():
        text = text.replace(f"{{{name}}}", told)
    return text


# For posting: orders that have not earned, beside what the books hold of a limit.
GRANTS = calculation(
    orders="""o.id = ANY (%(ids)s::bigint[])
       AND NOT EXISTS (SELECT 1 FROM loyalty_transfer t
                        WHERE t.reference = order_earning(o.id, o.revision))""",
    held_of_day="""CASE WHEN member_day IS NOT NULL THEN
                  orders_earned(member_id, %(currency)s, day, day) END""",
    held_of_month="""CASE WHEN member_month IS NOT NULL THEN
                  orders_earned(member_id, %(currency)s, date_trunc('month', day)::date,
                      (date_trunc('month', day) + interval '1 month - 1 day')::date) END""",
)

# Posts what GRANTS says in one call of the kernel, in the order orders were placed.
_POST = """
WITH packed AS (
    SELECT array_agg(member_id ORDER BY placed_at, order_id) AS members,
           array_agg(points ORDER BY placed_at, order_id) AS points,
           array_agg(order_earning(order_id, revision) ORDER BY placed_at, order_id) AS refs,
           array_agg(''::text) AS digests,
           array_agg(placed_at ORDER BY placed_at, order_id) AS at,
           array_agg(available ORDER BY placed_at, order_id) AS available,
           array_agg(expires ORDER BY placed_at, order_id) AS expires,
           array_agg(rolling ORDER BY placed_at, order_id) AS rolling,
           array_agg(version ORDER BY placed_at, order_id) AS versions,
           array_agg(parts ORDER BY placed_at, order_id) AS parts
      FROM ({grants}) granted
)
SELECT c.reference, c.transfer_id, c.points, {parts}
  FROM packed p
 CROSS JOIN LATERAL points_credit(%(currency)s, 'issued', 'earn', p.members, p.points, p.refs,
        p.digests, p.at, p.available, p.expires, p.rolling, p.versions, p.parts, '',
        %(actor)s, %(now)s) c
 WHERE p.members IS NOT NULL
"""
POST = _POST.format(grants=GRANTS, parts="NULL AS parts")
# Of a single order, with what each of its lines earned. For one row a plan can be kept;
# for an array of unknown length PostgreSQL never would. Without margins and remarks,
# because psycopg remembers how it read a statement of up to 4,096 characters only.
POST_ONE = "\n".join(
    line.strip()
    for line in _POST.format(
        grants=GRANTS.replace("= ANY (%(ids)s::bigint[])", "= (%(ids)s::bigint[])[1]"),
        parts="p.parts[1] AS parts",
    ).splitlines()
    if not line.strip().startswith("--")
)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A version of the programme and the time it is in force; None is without end."""

    settings: Settings
    starts: datetime | None = None
    ends: datetime | None = None


def rules_of(stretches: Iterable[Stretch]) -> list[dict[str, Any]]:
    """Return the rows of `rules`: each version cut where a bonus begins or ends."""
    rows = []
    for stretch in stretches:
        earn = stretch.settings.earn
        if earn is None or earn.points == 0:
            continue
        for starts, ends in _cuts(stretch, earn):
            rows.append(_rule(stretch.settings, earn, starts=starts, ends=ends))
    return rows


def calendar_of(
    stretches: Iterable[Stretch], days: Iterable[date]
) -> dict[str, tuple[str | None, str | None]]:
    """Return `calendar`: by version and day, when points become available and end."""
    rows = {}
    settings = [stretch.settings for stretch in stretches]
    for day in days:
        for version in settings:
            at = periods.day_start(day, version.zone)
            available = points.available_at(occurred_at=at, settings=version)
            expires = points.expires_at(occurred_at=at, settings=version)
            key = f"{version.number}:{day.isoformat()}"
            rows[key] = (_iso(available), _iso(expires))
    return rows


def _rule(
    settings: Settings,
    earn: Earn,
    *,
    starts: datetime | None,
    ends: datetime | None,
) -> dict[str, Any]:
    return {
        "version": settings.number,
        "starts": _iso(starts),
        "ends": _iso(ends),
        "points": earn.points,
        "per_minor": str(earn.per_amount.scaleb(settings.exponent)),
        "rounding": earn.rounding,
        "per": earn.per,
        "base": earn.base,
        "excluded": list(earn.excluded_categories),
        "multipliers": {name: str(factor) for name, factor in earn.multipliers},
        "bonus": str(bonuses.factor_at(earn.bonuses, at=starts, zone=settings.zone)),
        "immediate": settings.pending_days == 0 and settings.activate_on == "time",
        "rolling": settings.expiry.by == "inactivity",
        "member_day": earn.caps.member_day,
        "member_month": earn.caps.member_month,
        "total": earn.caps.total,
        "tiers": factors_of(settings),
    }


def factors_of(settings: Settings) -> dict[str, dict[str, str]] | None:
    """What tiers multiply by, where any does; '' is for who holds none of a set."""
    found = {
        one.key: {
            "": str(one.tiers[0].multiplier),
            **{tier.key: str(tier.multiplier) for tier in one.tiers},
        }
        for one in settings.tier_sets
        if any(tier.multiplier != 1 for tier in one.tiers)
    }
    return found or None


def _cuts(
    stretch: Stretch, earn: Earn
) -> list[tuple[datetime | None, datetime | None]]:
    zone = stretch.settings.zone
    inside = [
        moment
        for moment in bonuses.moments(earn.bonuses, zone=zone)
        if (stretch.starts is None or moment > stretch.starts)
        and (stretch.ends is None or moment < stretch.ends)
    ]
    starts = [stretch.starts, *inside]
    return list(zip(starts, [*inside, stretch.ends], strict=True))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
