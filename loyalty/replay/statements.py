"""The replay in SQL, for the members of one batch: orders in, sums out."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty.orders import grants, stamps
from loyalty.replay.rules import EDGES, TOP
from loyalty.tiers import bases, preview

_WINDOW = """o.member_id BETWEEN %(low)s AND %(high)s
       AND o.day >= %(first)s AND o.placed_at < %(as_of)s"""

_NOTHING_HELD = {"held_of_day": "0::bigint", "held_of_month": "0::bigint"}
# The rule of earning itself, with books that hold nothing of a limit: the window is one
# load of orders. Tiers are those that members held.
CALCULATION = grants.calculation(orders=_WINDOW, **_NOTHING_HELD)
# The same by the tiers of `replay_tier`.
_CALCULATION_BY_OTHER_TIERS = grants.calculation(
    orders=_WINDOW,
    factor="""(SELECT x.factor FROM replay_tier x
                WHERE (x.member_id, x.day) = (o.member_id, o.day))""",
    **_NOTHING_HELD,
)

TABLES = (
    """
CREATE TEMPORARY TABLE replay_grant (
    id bigint GENERATED ALWAYS AS IDENTITY, side int, is_stamp boolean, member_id bigint,
    placed_at timestamptz, day date, points bigint, back bigint, expires timestamptz
) ON COMMIT DROP
""",
    # What came back of the window's orders by its end: the share of their points that the
    # books took back, which looks at lines; of an order that earned nothing, of its money.
    """
CREATE TEMPORARY TABLE replay_returned ON COMMIT DROP AS
SELECT o.id AS order_id, coalesce(t.points, o.amount_minor) AS whole,
       CASE WHEN t.id IS NULL THEN least(r.minor, o.amount_minor)
            ELSE coalesce((SELECT sum(x.points) FROM loyalty_transfer x
                            WHERE x.reverses_id = t.id AND x.kind IN ('reverse', 'uncollected')
                              AND x.occurred_at < %(as_of)s), 0) END AS returned
  FROM (SELECT refund_of_id, sum(amount_minor) AS minor FROM loyalty_order
         WHERE member_id BETWEEN %(low)s AND %(high)s AND day >= %(first)s
           AND placed_at < %(as_of)s AND kind = 'refund'
         GROUP BY refund_of_id) r
  JOIN loyalty_order o ON o.id = r.refund_of_id
  LEFT JOIN LATERAL (SELECT id, points FROM loyalty_transfer
                      WHERE reference = order_earning(o.id, o.revision) LIMIT 1) t ON true
 WHERE o.day >= %(first)s AND o.placed_at < %(as_of)s AND o.amount_minor > 0
""",
    "ANALYZE replay_returned",
    """
CREATE TEMPORARY TABLE replay_tier (
    member_id bigint, day date, factor numeric, PRIMARY KEY (member_id, day)
) ON COMMIT DROP
""",
)

# A return takes its share of what the order earned, rounded down.
_EARN = """
INSERT INTO replay_grant (side, is_stamp, member_id, placed_at, day, points, back, expires)
SELECT %(side)s, false, g.member_id, g.placed_at, g.day, g.points,
       coalesce(div(g.points * r.returned, r.whole), 0), g.expires
  FROM ({grants}) g
  LEFT JOIN replay_returned r ON r.order_id = g.order_id
"""
EARN = _EARN.format(grants=CALCULATION)
EARN_BY_OTHER_TIERS = _EARN.format(grants=_CALCULATION_BY_OTHER_TIERS)

BOUGHT = """
SELECT DISTINCT o.member_id, o.day FROM loyalty_order o
 WHERE o.member_id BETWEEN %(low)s AND %(high)s AND o.placed_at < %(as_of)s
   AND o.kind = 'order'
"""

# What members would have held on the days they bought: what earlier days reached, for as
# long as it lasts. `{factors}` multiplies what each set gives.
_TIERS = """
INSERT INTO replay_tier (member_id, day, factor)
WITH {standing}, reached AS MATERIALIZED (
    SELECT f.member_id, f.set_no, f.day, f.fit,
           tier_term(t.validity, t.span, f.day, f.joined_on, false) + t.grace AS until
      FROM fits f JOIN tiers t ON (t.set_no, t.rank) = (f.set_no, f.fit)
     WHERE f.fit > 0
), days AS (
    SELECT DISTINCT o.member_id, o.day FROM loyalty_order o
     WHERE {window} AND o.kind = 'order'
)
SELECT d.member_id, d.day, {factors}
  FROM days d
  LEFT JOIN reached r ON r.member_id = d.member_id AND r.day < d.day
                     AND (r.until IS NULL OR r.until >= d.day)
 GROUP BY d.member_id, d.day
"""
_FACTOR = """
(%(factors)s::jsonb #>> ARRAY['{n}',
    coalesce(max(r.fit) FILTER (WHERE r.set_no = {n}), 0)::text])::numeric
"""


def tiers(*, standing: str, sets: Iterable[int]) -> str:
    """`sets` are the places of those that multiply; `factors` has their tiers by rank."""
    factors = " * ".join(_FACTOR.format(n=n) for n in sets)
    return _TIERS.format(standing=standing, window=_WINDOW, factors=factors)


STAMPS = f"""
INSERT INTO replay_grant (side, is_stamp, member_id, placed_at, day, points, back, expires)
WITH {
    stamps.full_cards(
        members="o.member_id BETWEEN %(low)s AND %(high)s AND o.placed_at < %(as_of)s"
    )
}
SELECT %(side)s, true, member_id, placed_at, day, points, 0,
       (%(calendar)s::jsonb #>> ARRAY[%(version)s || ':' || day, '1'])::timestamptz
  FROM full_cards WHERE day >= %(first)s
"""  # noqa: S608  our own text

# With expiry by inactivity a purchase before the end of older points moves their end to
# its own. Ends never fall in the order of purchases, so it is enough to look one back.
ROLL = """
UPDATE replay_grant g SET expires = s.until
  FROM (SELECT id, max(expires) OVER (PARTITION BY member_id, island) AS until
          FROM (SELECT id, member_id, expires, sum(begins) OVER (
                       PARTITION BY member_id ORDER BY placed_at, id) AS island
                  FROM (SELECT id, member_id, placed_at, expires,
                               coalesce((placed_at >= lag(expires) OVER (
                                   PARTITION BY member_id ORDER BY placed_at, id))::int, 0)
                                   AS begins
                          FROM replay_grant WHERE side = %(side)s) flagged) islands) s
 WHERE g.id = s.id AND s.until > g.expires
"""

MONTHS = """
SELECT side, to_char(day, 'YYYY-MM') AS month,
       coalesce(sum(points) FILTER (WHERE NOT is_stamp), 0)::bigint AS points,
       coalesce(sum(points) FILTER (WHERE is_stamp), 0)::bigint AS stamps,
       sum(back)::bigint AS back,
       coalesce(sum(points) FILTER (WHERE expires IS NULL OR expires > %(as_of)s), 0)::bigint
           AS alive
  FROM replay_grant GROUP BY side, month ORDER BY side, month
"""

COUNTS = f"""
SELECT count(*) AS orders, count(DISTINCT o.member_id) AS members,
       (SELECT count(*) FROM replay_returned) AS returned
  FROM loyalty_order o WHERE {_WINDOW} AND o.kind = 'order'
"""  # noqa: S608  our own text

# What members really hold of what the window's orders really earned. What a corrected
# order earned before its correction was withdrawn, and is left out.
LEDGER = """
WITH lots AS (
    SELECT to_char(l.earned_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month, t.kind, t.points,
           l.remaining, l.expires_at IS NULL OR l.expires_at > %(as_of)s AS is_alive
      FROM loyalty_account a
      JOIN loyalty_lot l ON l.account_id = a.id
      JOIN loyalty_transfer t ON t.id = l.transfer_id
     WHERE a.member_id BETWEEN %(low)s AND %(high)s AND a.currency = %(currency)s
       AND l.earned_at >= %(starts)s AND l.earned_at < %(as_of)s
       AND (t.kind = 'earn' OR (t.kind = 'event' AND t.reference LIKE 'stamps:%%'))
    UNION ALL
    SELECT to_char(o.day, 'YYYY-MM'), t.kind, -t.points, 0,
           l.expires_at IS NULL OR l.expires_at > %(as_of)s
      FROM loyalty_order o
     CROSS JOIN LATERAL generate_series(0, o.revision - 1) old
      JOIN loyalty_transfer t ON t.reference = order_earning(o.id, old)
      JOIN loyalty_lot l ON l.transfer_id = t.id
     WHERE o.member_id BETWEEN %(low)s AND %(high)s AND o.revision > 0
       AND o.placed_at >= %(starts)s AND o.placed_at < %(as_of)s
)
SELECT month, coalesce(sum(points) FILTER (WHERE kind = 'earn'), 0)::bigint AS points,
       coalesce(sum(points) FILTER (WHERE kind = 'event'), 0)::bigint AS stamps,
       coalesce(sum(points) FILTER (WHERE is_alive), 0)::bigint AS alive,
       coalesce(sum(remaining) FILTER (WHERE is_alive), 0)::bigint AS remaining
  FROM lots GROUP BY month ORDER BY month
"""

MEMBERS = """
CREATE TEMPORARY TABLE replay_member ON COMMIT DROP AS
SELECT member_id,
       coalesce(sum(points - back) FILTER (WHERE side = 0), 0)::bigint AS side_0,
       coalesce(sum(points - back) FILTER (WHERE side = 1), 0)::bigint AS side_1,
       coalesce(sum(points - back) FILTER (WHERE side = 2), 0)::bigint AS side_2
  FROM replay_grant GROUP BY member_id
"""

_DIFFERENCES = """
SELECT member_id, {one} AS before, {other} AS after, {other} - {one} AS difference
  FROM replay_member WHERE {other} <> {one}
"""

PAIR = f"""
SELECT count(*) FILTER (WHERE difference > 0) AS winners,
       count(*) FILTER (WHERE difference < 0) AS losers,
       coalesce(sum(difference) FILTER (WHERE difference > 0), 0)::bigint AS gained,
       coalesce(-sum(difference) FILTER (WHERE difference < 0), 0)::bigint AS lost
  FROM ({_DIFFERENCES}) d
"""  # noqa: S608  our own text

BUCKETS = f"""
SELECT width_bucket(difference, ARRAY[{", ".join(f"{edge}::bigint" for edge in EDGES)}])
           AS bucket, count(*) AS members
  FROM ({_DIFFERENCES}) d GROUP BY bucket ORDER BY bucket
"""  # noqa: S608  our own text

# Of those that differ alike, whoever came first.
ENDS = f"""
(SELECT d.*, true AS is_top FROM ({_DIFFERENCES}) d WHERE difference > 0
  ORDER BY difference DESC, member_id LIMIT {TOP})
UNION ALL
(SELECT d.*, false FROM ({_DIFFERENCES}) d WHERE difference < 0
  ORDER BY difference, member_id LIMIT {TOP})
"""  # noqa: S608  our own text

# How much of a limit for everybody the orders before the window hold.
USED = """
SELECT coalesce(sum(CASE WHEN t.kind = 'earn' THEN t.points ELSE -t.points END), 0)::bigint
       AS used
  FROM loyalty_transfer t LEFT JOIN loyalty_transfer e ON e.id = t.reverses_id
 WHERE t.currency = %(currency)s AND coalesce(e.occurred_at, t.occurred_at) < %(starts)s
   AND (t.kind = 'earn' OR (t.kind IN ('reverse', 'uncollected') AND e.kind = 'earn'))
"""

# What a side makes of the points that count: the books, and what the side gives more or
# less for the window's orders than today's rules do.
QUALIFYING_POINTS = f"""
{bases.QUALIFYING_POINTS}
UNION ALL
SELECT g.day, (g.points - g.back) * ((g.side = %(side)s)::int - (g.side = 0)::int)
  FROM replay_grant g
 WHERE g.member_id = a.member_id AND g.side IN (0, %(side)s) AND NOT g.is_stamp
"""  # noqa: S608  our own text
# Of the batch, on the day of the replay.
ASKED = f"{preview.EVERYBODY} AND id BETWEEN %(low)s AND %(high)s"
BY_MEMBER = (
    "CREATE INDEX replay_grant_of_member ON replay_grant (member_id, side)",
    "ANALYZE replay_grant",
)

NEXT = """
SELECT max(id) AS last, count(*) AS n FROM (
    SELECT id FROM members_member WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) batch
"""


def of_sides(text: str, *, one: int, other: int) -> str:
    return text.replace("{one}", f"side_{one}").replace("{other}", f"side_{other}")
