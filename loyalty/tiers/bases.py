"""What tiers count: entries of a member, each with its local day and an amount.

A basis is the text of a subquery with columns `day` and `amount`, of the member
`a.member_id`, of days after `l.first` at least. Features above register theirs; a
replay hands in its own. What a return takes back is taken off the day of what it
returns, so it lowers the window the purchase counted in, and no other.
"""

from __future__ import annotations

from collections.abc import Mapping

# Points orders earned, less what returns took. Spending, gifts and expiry never touch
# them, so these are points of another kind than those a member has.
QUALIFYING_POINTS = """
SELECT (e.occurred_at AT TIME ZONE %(zone)s)::date AS day,
       e.points - coalesce((SELECT sum(r.points) FROM loyalty_transfer r
            WHERE r.reverses_id = e.id AND r.kind IN ('reverse', 'uncollected')), 0) AS amount
  FROM loyalty_account c
  JOIN loyalty_transfer e ON e.credit_account_id = c.id AND e.kind = 'earn'
 WHERE c.member_id = a.member_id AND c.currency = %(currency)s
   AND e.occurred_at >= l.first::timestamp - interval '1 day'
"""

_ENTRIES: dict[str, str] = {"qualifying_points": QUALIFYING_POINTS}


def register(basis: str, entries: str) -> None:
    _ENTRIES[basis] = entries


def entries() -> Mapping[str, str]:
    return dict(_ENTRIES)
