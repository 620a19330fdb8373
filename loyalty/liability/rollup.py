"""The roll-ups, each one set-based statement over the books.

Two ways lead to a day's close, and they share nothing but the rows: transfers say what
moved (`DAYS`), lots, allocations and debts say what lies there (`CELLS`, `DEBTS`). Where
they differ, `BROKEN` names the member.
"""

from __future__ import annotations

# A lot made of another one (given to a member, given back after its end) is of the
# cohort and the source of the first. Only such lots have an origin, so this is small.
_LOTS = """
WITH RECURSIVE line (id, ancestor) AS (
    SELECT id, origin_id FROM loyalty_lot WHERE origin_id IS NOT NULL
    UNION ALL
    SELECT n.id, l.origin_id FROM line n JOIN loyalty_lot l ON l.id = n.ancestor
     WHERE l.origin_id IS NOT NULL
), first AS (
    SELECT n.id, l.earned_at, t.kind, t.reference
      FROM line n JOIN loyalty_lot l ON l.id = n.ancestor AND l.origin_id IS NULL
      JOIN loyalty_transfer t ON t.id = l.transfer_id
), lots AS MATERIALIZED (
    SELECT l.id, l.account_id, t.currency, l.points, l.available_at, t.occurred_at, t.kind,
           t.reference,
           date_trunc('month', coalesce(f.earned_at, l.earned_at) AT TIME ZONE %(zone)s)::date
               AS cohort,
           date_trunc('month', (l.expires_at - interval '1 microsecond') AT TIME ZONE %(zone)s)::date
               AS expires_in,
           CASE coalesce(f.kind, t.kind)
                WHEN 'earn' THEN 'purchase'
                WHEN 'event' THEN left(split_part(coalesce(f.reference, t.reference), ':', 2), 40)
                WHEN 'adjust' THEN 'goodwill'
                WHEN 'restore' THEN 'goodwill'
                WHEN 'convert' THEN 'converted'
                WHEN 'write_off' THEN 'written_off'
                ELSE 'other' END AS source
      FROM loyalty_lot l
      JOIN loyalty_transfer t ON t.id = l.transfer_id
      LEFT JOIN first f ON f.id = l.id
)"""

_MOVE = """CASE {kind}
    WHEN 'earn' THEN 'earned' WHEN 'event' THEN 'earned' WHEN 'reverse' THEN 'reversed'
    WHEN 'redeem' THEN 'spent' WHEN 'restore' THEN 'restored'
    WHEN 'expire' THEN 'expired' WHEN 'unexpire' THEN 'expired'
    WHEN 'adjust' THEN 'adjusted' WHEN 'convert' THEN 'converted'
    WHEN 'write_off' THEN 'written_off' ELSE 'transferred' END"""

# The order that earned, by its business key; keys of other shapes are of no order.
_ORDER = """CASE WHEN {t}.kind = 'earn' AND {t}.reference ~ '^order:[0-9]{{1,18}}(:[0-9]+)?$'
    THEN split_part({t}.reference, ':', 2)::bigint END"""

# What was paid for an order comes in with its points, and leaves in proportion as points
# are taken back, whether or not the member still had them.
_MOVES = f"""
moves AS (
    SELECT l.currency, (l.occurred_at AT TIME ZONE %(zone)s)::date AS day, l.cohort,
           l.expires_in, l.source, {_MOVE.format(kind="l.kind")} AS move,
           coalesce(l.available_at > l.occurred_at, true) AS pending, l.points,
           coalesce(o.amount_minor, 0)::numeric AS price
      FROM lots l
      LEFT JOIN loyalty_order o ON o.id = {_ORDER.format(t="l")}
    UNION ALL
    SELECT l.currency, (x.occurred_at AT TIME ZONE %(zone)s)::date, l.cohort, l.expires_in,
           l.source, {_MOVE.format(kind="t.kind")},
           coalesce(l.available_at > x.occurred_at, true), -x.points, 0
      FROM loyalty_allocation x JOIN lots l ON l.id = x.lot_id
      JOIN loyalty_transfer t ON t.id = x.transfer_id
    UNION ALL
    SELECT l.currency, (l.available_at AT TIME ZONE %(zone)s)::date, l.cohort, l.expires_in,
           l.source, 'activated', side.pending,
           CASE WHEN side.pending THEN -1 ELSE 1 END * (l.points - coalesce(x.taken, 0)), 0
      FROM lots l
      LEFT JOIN (SELECT x.lot_id, sum(x.points) AS taken
                   FROM loyalty_allocation x JOIN loyalty_lot y ON y.id = x.lot_id
                  WHERE x.occurred_at < y.available_at GROUP BY x.lot_id) x ON x.lot_id = l.id
     CROSS JOIN (VALUES (true), (false)) AS side (pending)
     WHERE l.available_at > l.occurred_at
    UNION ALL
    SELECT t.currency, (t.occurred_at AT TIME ZONE %(zone)s)::date,
           date_trunc('month', e.occurred_at AT TIME ZONE %(zone)s)::date, NULL, 'purchase',
           'reversed', false, 0, -(o.amount_minor * t.points::numeric / e.points)
      FROM loyalty_transfer t
      JOIN loyalty_transfer e ON e.id = t.reverses_id
      JOIN loyalty_order o ON o.id = {_ORDER.format(t="e")}
     WHERE t.kind IN ('reverse', 'uncollected')
)"""  # noqa: S608  our own texts

# Columns are named for `Cell`; a point's value is that of the version in force when the
# day ends, the newest of those that begin together.
CELLS = f"""
INSERT INTO loyalty_liabilitycell
    (currency, day, cohort, expires_in, source, move, pending, points, entries, price, value)
{_LOTS}, {_MOVES.strip()}
SELECT m.currency, m.day, m.cohort, m.expires_in, m.source, m.move, m.pending,
       sum(m.points), count(*), round(sum(m.price)),
       (SELECT v.micros FROM unnest(%(from_days)s::date[], %(values)s::bigint[])
               WITH ORDINALITY AS v (from_day, micros, place)
         WHERE v.from_day <= m.day ORDER BY v.from_day DESC, v.place DESC LIMIT 1)
  FROM moves m
 GROUP BY m.currency, m.day, m.cohort, m.expires_in, m.source, m.move, m.pending
HAVING sum(m.points) <> 0 OR round(sum(m.price)) <> 0
"""  # noqa: S608  our own texts

# What a debt's transfer took at once, and what has paid the rest since, by the account.
_DEBTS = """
debts AS (
    SELECT d.transfer_id, d.account_id, t.currency, d.points, d.incurred_at,
           coalesce(x.points, 0) - (d.points - d.remaining) AS at_once
      FROM loyalty_debt d JOIN loyalty_transfer t ON t.id = d.transfer_id
      LEFT JOIN (SELECT transfer_id, sum(points) AS points FROM loyalty_allocation
                  WHERE transfer_id IN (SELECT transfer_id FROM loyalty_debt)
                  GROUP BY transfer_id) x ON x.transfer_id = d.transfer_id
), owed AS (
    SELECT account_id, currency, (incurred_at AT TIME ZONE %(zone)s)::date AS day,
           points + at_once AS points FROM debts
    UNION ALL
    SELECT d.account_id, d.currency, (x.occurred_at AT TIME ZONE %(zone)s)::date, -x.points
      FROM debts d JOIN loyalty_allocation x ON x.transfer_id = d.transfer_id
)"""

_OWN = """
own AS MATERIALIZED (SELECT id FROM loyalty_account WHERE member_id IS NULL)"""

# A line for every currency and day from its first transfer on, those without moves too.
DAYS = f"""
WITH {_OWN.strip()}, {_DEBTS.strip()},
signed AS (
    SELECT t.currency, (t.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           {_MOVE.format(kind="t.kind")} AS move,
           CASE WHEN t.debit_account_id IN (SELECT id FROM own) THEN t.points
                ELSE -t.points END AS points
      FROM loyalty_transfer t
     WHERE (t.debit_account_id IN (SELECT id FROM own))
        <> (t.credit_account_id IN (SELECT id FROM own))
), moved AS (
    SELECT currency, day, count(*) AS entries,
           coalesce(sum(points) FILTER (WHERE move = 'earned'), 0) AS earned,
           coalesce(sum(points) FILTER (WHERE move = 'reversed'), 0) AS reversed,
           coalesce(sum(points) FILTER (WHERE move = 'spent'), 0) AS spent,
           coalesce(sum(points) FILTER (WHERE move = 'restored'), 0) AS restored,
           coalesce(sum(points) FILTER (WHERE move = 'expired'), 0) AS expired,
           coalesce(sum(points) FILTER (WHERE move = 'adjusted'), 0) AS adjusted,
           coalesce(sum(points) FILTER (WHERE move = 'converted'), 0) AS converted,
           coalesce(sum(points) FILTER (WHERE move = 'written_off'), 0) AS written_off,
           sum(points) AS net
      FROM signed GROUP BY currency, day
), lying AS (
    SELECT currency, day, coalesce(sum(points) FILTER (WHERE pending), 0) AS pending,
           coalesce(sum(points) FILTER (WHERE NOT pending), 0) AS active
      FROM loyalty_liabilitycell GROUP BY currency, day
), holds AS (
    SELECT currency, day, sum(points) AS held FROM (
        SELECT a.currency, (h.placed_at AT TIME ZONE %(zone)s)::date AS day, h.points
          FROM loyalty_hold h JOIN loyalty_account a ON a.id = h.account_id
        UNION ALL
        SELECT a.currency, (h.resolved_at AT TIME ZONE %(zone)s)::date, -h.points
          FROM loyalty_hold h JOIN loyalty_account a ON a.id = h.account_id
         WHERE h.resolved_at IS NOT NULL) both_ends
     GROUP BY currency, day
), owing AS (
    SELECT currency, day, sum(points) AS debt FROM owed GROUP BY currency, day
), days AS (
    SELECT f.currency, g.day::date AS day
      FROM (SELECT currency, min(day) AS first FROM moved GROUP BY currency) f,
           LATERAL generate_series(f.first::timestamp, %(last)s::timestamp, '1 day') AS g (day)
), summed AS (
    SELECT d.currency, d.day,
           coalesce(m.earned, 0) AS earned, coalesce(m.reversed, 0) AS reversed,
           coalesce(m.spent, 0) AS spent, coalesce(m.restored, 0) AS restored,
           coalesce(m.expired, 0) AS expired, coalesce(m.adjusted, 0) AS adjusted,
           coalesce(m.converted, 0) AS converted, coalesce(m.written_off, 0) AS written_off,
           coalesce(m.entries, 0) AS entries, coalesce(m.net, 0) AS net,
           sum(coalesce(m.net, 0)) OVER w AS closing,
           sum(coalesce(l.pending, 0)) OVER w AS pending,
           sum(coalesce(l.active, 0)) OVER w AS active,
           sum(coalesce(h.held, 0)) OVER w AS held,
           sum(coalesce(o.debt, 0)) OVER w AS debt
      FROM days d
      LEFT JOIN moved m USING (currency, day) LEFT JOIN lying l USING (currency, day)
      LEFT JOIN holds h USING (currency, day) LEFT JOIN owing o USING (currency, day)
    WINDOW w AS (PARTITION BY d.currency ORDER BY d.day)
)
INSERT INTO loyalty_liabilityday
    (currency, day, opening, earned, reversed, spent, restored, expired, adjusted, converted,
     written_off, closing, entries, pending, active, held, debt)
SELECT currency, day, closing - net, earned, reversed, spent, restored, expired, adjusted,
       converted, written_off, closing, entries, pending, active, held, debt
  FROM summed ORDER BY currency, day
"""  # noqa: S608  our own texts

# Every account and day where what transfers say differs from what lots and debts say, and
# every account whose cached numbers are not what all its days add up to.
BROKEN = f"""
WITH {_OWN.strip()}, {_DEBTS.strip()},
told AS (
    SELECT account_id, day, sum(points) AS points FROM (
        SELECT credit_account_id AS account_id, (occurred_at AT TIME ZONE %(zone)s)::date AS day,
               points FROM loyalty_transfer
        UNION ALL
        SELECT debit_account_id, (occurred_at AT TIME ZONE %(zone)s)::date, -points
          FROM loyalty_transfer) both_sides
     WHERE account_id NOT IN (SELECT id FROM own) GROUP BY account_id, day
), lie AS (
    SELECT account_id, day, sum(points) AS points FROM (
        SELECT l.account_id, (t.occurred_at AT TIME ZONE %(zone)s)::date AS day, l.points
          FROM loyalty_lot l JOIN loyalty_transfer t ON t.id = l.transfer_id
        UNION ALL
        SELECT l.account_id, (x.occurred_at AT TIME ZONE %(zone)s)::date, -x.points
          FROM loyalty_allocation x JOIN loyalty_lot l ON l.id = x.lot_id
        UNION ALL
        SELECT account_id, day, -points FROM owed) parts
     GROUP BY account_id, day
), wrong AS (
    SELECT account_id, day, coalesce(t.points, 0) AS expected, coalesce(l.points, 0) AS found
      FROM told t FULL JOIN lie l USING (account_id, day)
     WHERE coalesce(t.points, 0) <> coalesce(l.points, 0)
    UNION ALL
    SELECT a.id, NULL, coalesce(t.points, 0), a.unspent - a.debt
      FROM loyalty_account a
      LEFT JOIN (SELECT account_id, sum(points) AS points FROM told GROUP BY account_id) t
        ON t.account_id = a.id
     WHERE a.member_id IS NOT NULL AND a.unspent - a.debt <> coalesce(t.points, 0)
)
SELECT coalesce(m.number, '') AS member, a.currency, w.day::text AS day,
       w.expected::bigint AS expected, w.found::bigint AS found, count(*) OVER () AS broken
  FROM wrong w
  LEFT JOIN loyalty_account a ON a.id = w.account_id
  LEFT JOIN members_member m ON m.id = a.member_id
 ORDER BY w.day NULLS LAST, m.number NULLS FIRST LIMIT %(shown)s
"""  # noqa: S608  our own texts

# What tells whether anything was posted since a run: the ends of the books, and holds,
# which end without a row. An operation that commits after a younger one is found with
# the next posting, or by the night, which always looks.
SEEN = """
SELECT coalesce((SELECT max(id) FROM loyalty_transfer), 0) AS transfers,
       coalesce((SELECT max(id) FROM loyalty_allocation), 0) AS allocations,
       coalesce((SELECT max(id) FROM loyalty_lot), 0) AS lots,
       coalesce((SELECT max(id) FROM loyalty_hold), 0) AS holds,
       (SELECT count(*) FROM loyalty_hold WHERE state = 'open') AS open_holds
"""
