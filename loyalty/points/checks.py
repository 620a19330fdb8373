"""The invariants of the books: each a name, a sentence, and SQL that finds its breaches.

A query gives one row a breach: the account (whose member is named), what is wrong
there, what the rest of the books says it should be, and what stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    sentence: Promise
    sql: str


# What a transfer did to lots and debts, beside what it should have.
_EFFECTS = """
  FROM loyalty_transfer t
  LEFT JOIN loyalty_account d ON d.id = t.debit_account_id
  LEFT JOIN loyalty_account c ON c.id = t.credit_account_id
  LEFT JOIN (SELECT transfer_id, sum(points) AS points FROM loyalty_lot
              GROUP BY transfer_id) l ON l.transfer_id = t.id
  LEFT JOIN (SELECT transfer_id, coalesce(sum(points) FILTER (WHERE points > 0), 0) AS took,
                    coalesce(-sum(points) FILTER (WHERE points < 0), 0) AS gave
               FROM loyalty_allocation GROUP BY transfer_id) x ON x.transfer_id = t.id
  LEFT JOIN loyalty_debt b ON b.transfer_id = t.id
"""

CHECKS = (
    Check(
        name="credits",
        sentence=_("What a member was given lies in lots, or went back to older ones."),
        sql=f"""
        SELECT c.id, 'transfer ' || t.id,
               CASE WHEN c.role = 'member' THEN t.points ELSE 0 END,
               coalesce(l.points, 0) + coalesce(x.gave, 0) {_EFFECTS}
         WHERE CASE WHEN c.role = 'member' THEN t.points ELSE 0 END
               <> coalesce(l.points, 0) + coalesce(x.gave, 0)""",
    ),
    Check(
        name="debits",
        sentence=_("What a member gave was taken from lots, or is owed."),
        sql=f"""
        SELECT d.id, 'transfer ' || t.id,
               CASE WHEN d.role = 'member' THEN t.points ELSE 0 END,
               coalesce(x.took, 0) + coalesce(b.remaining, 0) {_EFFECTS}
         WHERE CASE WHEN d.role = 'member' THEN t.points ELSE 0 END
               <> coalesce(x.took, 0) + coalesce(b.remaining, 0)""",
    ),
    Check(
        name="lot_remaining",
        sentence=_("A lot keeps its points less what was taken of it."),
        sql="""
        SELECT l.account_id, 'lot ' || l.id, l.points - coalesce(x.points, 0), l.remaining
          FROM loyalty_lot l
          LEFT JOIN (SELECT lot_id, sum(points) AS points FROM loyalty_allocation
                      GROUP BY lot_id) x ON x.lot_id = l.id
         WHERE l.remaining <> l.points - coalesce(x.points, 0)""",
    ),
    Check(
        name="lot_held",
        sentence=_("What a lot sets aside is what open holds set aside in it."),
        sql="""
        SELECT l.account_id, 'lot ' || l.id, coalesce(x.points, 0), l.held
          FROM loyalty_lot l
          LEFT JOIN (SELECT a.lot_id, sum(a.points) AS points FROM loyalty_holdallocation a
                       JOIN loyalty_hold h ON h.id = a.hold_id WHERE h.state = 'open'
                      GROUP BY a.lot_id) x ON x.lot_id = l.id
         WHERE l.held <> coalesce(x.points, 0)""",
    ),
    Check(
        name="hold_lots",
        sentence=_("A hold sets aside its points, in lots of its own account."),
        sql="""
        SELECT h.account_id, 'hold ' || h.id, h.points, coalesce(sum(x.points), 0)
          FROM loyalty_hold h
          LEFT JOIN (loyalty_holdallocation x JOIN loyalty_lot l ON l.id = x.lot_id)
            ON x.hold_id = h.id AND l.account_id = h.account_id
         GROUP BY h.id HAVING h.points <> coalesce(sum(x.points), 0)""",
    ),
    Check(
        name="hold_resolved",
        sentence=_(
            "A hold ends once: captured by one redemption, released, or at its time."
        ),
        sql="""
        SELECT h.account_id, 'hold ' || h.id,
               h.state || ' ' || h.captured, coalesce(count(t.id) || ' × ' || sum(t.points), '0')
          FROM loyalty_hold h
          LEFT JOIN loyalty_transfer t
            ON t.reference = 'hold:' || h.id AND t.kind = 'redeem'
               AND t.debit_account_id = h.account_id
         GROUP BY h.id
        HAVING coalesce(sum(t.points), 0) <> h.captured
            OR count(t.id) <> (h.state = 'captured')::int
            OR h.captured > h.points
            OR (h.state = 'expired' AND h.resolved_at <> h.expires_at)
            OR h.resolved_at < h.placed_at OR h.resolved_at > h.expires_at""",
    ),
    Check(
        name="account_unspent",
        sentence=_("A member's unspent points are what remains in their lots."),
        sql="""
        SELECT a.id, 'account ' || a.id, coalesce(l.points, 0), a.unspent
          FROM loyalty_account a
          LEFT JOIN (SELECT account_id, sum(remaining) AS points FROM loyalty_lot
                      GROUP BY account_id) l ON l.account_id = a.id
         WHERE a.unspent <> coalesce(l.points, 0)""",
    ),
    Check(
        name="account_held",
        sentence=_("A member's held points are those of their open holds."),
        sql="""
        SELECT a.id, 'account ' || a.id, coalesce(h.points, 0), a.held
          FROM loyalty_account a
          LEFT JOIN (SELECT account_id, sum(points) AS points FROM loyalty_hold
                      WHERE state = 'open' GROUP BY account_id) h ON h.account_id = a.id
         WHERE a.held <> coalesce(h.points, 0)""",
    ),
    Check(
        name="account_debt",
        sentence=_("What a member owes is what is open of their debts."),
        sql="""
        SELECT a.id, 'account ' || a.id, coalesce(d.points, 0), a.debt
          FROM loyalty_account a
          LEFT JOIN (SELECT account_id, sum(remaining) AS points FROM loyalty_debt
                      GROUP BY account_id) d ON d.account_id = a.id
         WHERE a.debt <> coalesce(d.points, 0)""",
    ),
    Check(
        name="account_position",
        sentence=_("All a member was given less all they gave is unspent less owed."),
        sql="""
        SELECT a.id, 'account ' || a.id, coalesce(p.points, 0), a.unspent - a.debt
          FROM loyalty_account a
          LEFT JOIN (SELECT account_id, sum(points) AS points FROM (
                        SELECT credit_account_id AS account_id, points FROM loyalty_transfer
                        UNION ALL
                        SELECT debit_account_id, -points FROM loyalty_transfer) both_sides
                      GROUP BY account_id) p ON p.account_id = a.id
         WHERE a.role = 'member' AND a.unspent - a.debt <> coalesce(p.points, 0)""",
    ),
    Check(
        name="trial_balance",
        sentence=_("The positions of all accounts of a currency sum to zero."),
        sql="""
        SELECT NULL::bigint, 'currency ' || currency, 0, sum(points) FROM (
            SELECT a.currency, t.points FROM loyalty_transfer t
              JOIN loyalty_account a ON a.id = t.credit_account_id
            UNION ALL
            SELECT a.currency, -t.points FROM loyalty_transfer t
              JOIN loyalty_account a ON a.id = t.debit_account_id) both_sides
         GROUP BY currency HAVING sum(points) <> 0""",
    ),
    Check(
        name="currency",
        sentence=_(
            "A transfer goes between two accounts there are, of its own currency."
        ),
        sql="""
        SELECT CASE WHEN d.role = 'member' THEN d.id ELSE coalesce(c.id, d.id) END,
               'transfer ' || t.id, t.currency,
               coalesce(d.currency, '∅') || ' → ' || coalesce(c.currency, '∅')
          FROM loyalty_transfer t
          LEFT JOIN loyalty_account d ON d.id = t.debit_account_id
          LEFT JOIN loyalty_account c ON c.id = t.credit_account_id
         WHERE d.currency IS DISTINCT FROM t.currency
            OR c.currency IS DISTINCT FROM t.currency""",
    ),
    Check(
        name="sides",
        sentence=_("Each kind of transfer goes between the accounts it is for."),
        sql="""
        WITH ways (kind, debit, credit) AS (VALUES
            ('earn', 'issued', 'member'), ('event', 'issued', 'member'),
            ('adjust', 'adjustments', 'member'), ('adjust', 'member', 'adjustments'),
            ('redeem', 'member', 'redeemed'), ('restore', 'redeemed', 'member'),
            ('restore', 'adjustments', 'member'),
            ('expire', 'member', 'breakage'), ('unexpire', 'breakage', 'member'),
            ('reverse', 'member', 'issued'), ('reverse', 'member', 'adjustments'),
            ('reverse', 'member', 'redeemed'), ('reverse', 'member', 'conversion'),
            ('uncollected', 'uncollected', 'issued'),
            ('uncollected', 'uncollected', 'adjustments'),
            ('uncollected', 'uncollected', 'conversion'),
            ('transfer', 'member', 'member'), ('convert', 'member', 'conversion'),
            ('convert', 'conversion', 'member'), ('write_off', 'uncollected', 'member'))
        SELECT CASE WHEN d.role = 'member' THEN d.id ELSE c.id END, 'transfer ' || t.id,
               t.kind, d.role || ' → ' || c.role
          FROM loyalty_transfer t
          JOIN loyalty_account d ON d.id = t.debit_account_id
          JOIN loyalty_account c ON c.id = t.credit_account_id
          LEFT JOIN ways w ON (w.kind, w.debit, w.credit) = (t.kind, d.role, c.role)
         WHERE w.kind IS NULL""",
    ),
    Check(
        name="lots_of_account",
        sentence=_(
            "A transfer makes, takes and gives back lots of its own accounts only."
        ),
        sql="""
        SELECT l.account_id, 'lot ' || l.id, 'account ' || t.credit_account_id,
               'account ' || l.account_id
          FROM loyalty_lot l JOIN loyalty_transfer t ON t.id = l.transfer_id
         WHERE l.account_id <> t.credit_account_id
        UNION ALL
        SELECT l.account_id, 'transfer ' || t.id || ', lot ' || l.id,
               'account ' || CASE WHEN x.points > 0 THEN t.debit_account_id
                                  ELSE t.credit_account_id END, 'account ' || l.account_id
          FROM loyalty_allocation x JOIN loyalty_lot l ON l.id = x.lot_id
          JOIN loyalty_transfer t ON t.id = x.transfer_id
         WHERE l.account_id <> CASE WHEN x.points > 0 THEN t.debit_account_id
                                    ELSE t.credit_account_id END""",
    ),
    Check(
        name="reversed",
        sentence=_(
            "Never more is taken back than was given, in all and for each part."
        ),
        sql="""
        SELECT e.credit_account_id, 'transfer ' || e.id, '≤ ' || e.points, sum(t.points)::text
          FROM loyalty_transfer t JOIN loyalty_transfer e ON e.id = t.reverses_id
         WHERE t.kind IN ('reverse', 'uncollected')
         GROUP BY e.id HAVING sum(t.points) > e.points
        UNION ALL
        SELECT e.credit_account_id, 'transfer ' || e.id || ', part ' || p.key,
               '≤ ' || coalesce(e.parts ->> p.key, '0'), sum(p.value::bigint)::text
          FROM loyalty_transfer t JOIN loyalty_transfer e ON e.id = t.reverses_id
         CROSS JOIN LATERAL jsonb_each_text(t.parts) p
         WHERE t.kind IN ('reverse', 'uncollected') AND t.parts IS NOT NULL
           AND e.parts IS NOT NULL
         GROUP BY e.id, p.key
        HAVING sum(p.value::bigint) > coalesce((e.parts ->> p.key)::bigint, 0)""",
    ),
    Check(
        name="restored",
        sentence=_("Never more is given back than was taken, in all and for each lot."),
        sql="""
        WITH given AS (
            SELECT t.reverses_id, x.lot_id, -x.points AS points
              FROM loyalty_transfer t JOIN loyalty_allocation x ON x.transfer_id = t.id
             WHERE t.kind = 'restore' AND x.points < 0
            UNION ALL
            SELECT t.reverses_id, l.origin_id, l.points
              FROM loyalty_transfer t JOIN loyalty_lot l ON l.transfer_id = t.id
             WHERE t.kind = 'restore')
        SELECT r.debit_account_id, 'transfer ' || r.id, '≤ ' || r.points, sum(t.points)::text
          FROM loyalty_transfer t JOIN loyalty_transfer r ON r.id = t.reverses_id
         WHERE t.kind = 'restore' GROUP BY r.id HAVING sum(t.points) > r.points
        UNION ALL
        SELECT r.debit_account_id, 'transfer ' || r.id || ', lot ' || g.lot_id,
               '≤ ' || coalesce(x.points, 0), g.points::text
          FROM (SELECT reverses_id, lot_id, sum(points) AS points FROM given
                 GROUP BY reverses_id, lot_id) g
          JOIN loyalty_transfer r ON r.id = g.reverses_id
          LEFT JOIN LATERAL (SELECT sum(points) AS points FROM loyalty_allocation x
                              WHERE x.transfer_id = r.id AND x.lot_id = g.lot_id) x ON true
         WHERE g.points > coalesce(x.points, 0)""",
    ),
    Check(
        name="spent_in_time",
        sentence=_(
            "Nothing is taken of a lot before it was there, nor spent outside its time."
        ),
        sql="""
        SELECT l.account_id, 'transfer ' || t.id || ', lot ' || l.id,
               g.occurred_at || ' … ' || coalesce(l.expires_at::text, '∞'), x.occurred_at::text
          FROM loyalty_allocation x JOIN loyalty_lot l ON l.id = x.lot_id
          JOIN loyalty_transfer t ON t.id = x.transfer_id
          JOIN loyalty_transfer g ON g.id = l.transfer_id
         WHERE x.occurred_at < g.occurred_at OR x.posted_at < g.posted_at
            OR x.occurred_at < t.occurred_at OR x.posted_at < t.posted_at
            OR (x.occurred_at > t.occurred_at AND t.kind <> 'reverse')
            OR (t.kind IN ('redeem', 'transfer', 'convert', 'adjust') AND x.points > 0
                AND (coalesce(l.available_at > x.occurred_at, true)
                     OR (l.expires_at <= x.occurred_at AND t.reference NOT LIKE 'hold:%')))""",
    ),
    Check(
        name="never_overdrawn",
        sentence=_("At no moment was more of a lot taken and held than it had."),
        sql="""
        WITH events AS (
            SELECT lot_id, occurred_at AS at, points FROM loyalty_allocation
            UNION ALL
            SELECT x.lot_id, h.placed_at, x.points
              FROM loyalty_holdallocation x JOIN loyalty_hold h ON h.id = x.hold_id
            UNION ALL
            SELECT x.lot_id, h.resolved_at, -x.points
              FROM loyalty_holdallocation x JOIN loyalty_hold h ON h.id = x.hold_id
             WHERE h.resolved_at IS NOT NULL
        ), upto AS (
            SELECT lot_id, sum(points) OVER (PARTITION BY lot_id ORDER BY at) AS points
              FROM events
        ), most AS (
            SELECT lot_id, max(points) AS points, min(points) AS least FROM upto GROUP BY lot_id)
        SELECT l.account_id, 'lot ' || l.id, '0 … ' || l.points,
               CASE WHEN m.least < 0 THEN m.least ELSE m.points END::text
          FROM most m JOIN loyalty_lot l ON l.id = m.lot_id
         WHERE m.points > l.points OR m.least < 0""",
    ),
    Check(
        name="expired_in_time",
        sentence=_(
            "Points expire at the end of their lot, or when a hold gave them back."
        ),
        sql="""
        SELECT l.account_id, 'transfer ' || t.id || ', lot ' || l.id,
               coalesce(greatest(l.expires_at, l.earned_at)::text, '∞'), x.occurred_at::text
          FROM loyalty_allocation x JOIN loyalty_transfer t ON t.id = x.transfer_id
          JOIN loyalty_lot l ON l.id = x.lot_id
         WHERE t.kind = 'expire'
           AND x.occurred_at IS DISTINCT FROM greatest(l.expires_at, l.earned_at)
           AND NOT (l.rolling AND x.occurred_at < l.expires_at)
           AND (l.expires_at IS NULL OR x.occurred_at < l.expires_at OR NOT EXISTS (
                SELECT 1 FROM loyalty_holdallocation y JOIN loyalty_hold h ON h.id = y.hold_id
                 WHERE y.lot_id = l.id AND h.resolved_at = x.occurred_at))""",
    ),
    Check(
        name="clocks",
        sentence=_(
            "Nothing is posted before it happened, and nothing undone before it."
        ),
        sql="""
        SELECT CASE WHEN d.role = 'member' THEN d.id ELSE t.credit_account_id END,
               'transfer ' || t.id, '≤ ' || t.posted_at, t.occurred_at::text
          FROM loyalty_transfer t LEFT JOIN loyalty_account d ON d.id = t.debit_account_id
          LEFT JOIN loyalty_transfer r ON r.id = t.reverses_id
         WHERE t.occurred_at > t.posted_at OR t.occurred_at < r.occurred_at""",
    ),
    Check(
        name="debts",
        sentence=_(
            "A debt is of a return, on the member it took from, from its moment on."
        ),
        sql="""
        SELECT b.account_id, 'transfer ' || t.id, 'reverse ' || t.debit_account_id,
               t.kind || ' ' || b.account_id
          FROM loyalty_debt b JOIN loyalty_transfer t ON t.id = b.transfer_id
         WHERE t.kind <> 'reverse' OR b.account_id <> t.debit_account_id
            OR b.points > t.points OR b.incurred_at <> t.occurred_at""",
    ),
    Check(
        name="activations",
        sentence=_("A lot is said to be available once, and not before it is."),
        sql="""
        SELECT l.account_id, 'lot ' || l.id, coalesce(l.available_at::text, '∞'), v.at::text
          FROM loyalty_activation v JOIN loyalty_lot l ON l.id = v.lot_id
         WHERE coalesce(v.at < l.available_at, true)""",
    ),
    Check(
        name="references",
        sentence=_("A business key stands for one transfer."),
        sql="""
        SELECT min(credit_account_id), 'reference ' || reference, '1', count(*)::text
          FROM loyalty_transfer GROUP BY reference HAVING count(*) > 1""",
    ),
)
