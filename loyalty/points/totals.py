"""The points of everybody together: what moved by day, what is outstanding, who owes.

`stores` limits every answer to the members of some stores; None is no limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loyalty.points import kernel

# One row a day and kind; above zero the members gained. `transfer_day` finds the days.
_BY_DAY = """
WITH own AS MATERIALIZED (
    SELECT id FROM loyalty_account WHERE member_id IS NULL AND currency = %(currency)s
)
SELECT (t.occurred_at AT TIME ZONE %(zone)s)::date AS day, t.kind,
       sum(CASE WHEN t.debit_account_id IN (SELECT id FROM own) THEN t.points
                WHEN t.credit_account_id IN (SELECT id FROM own) THEN -t.points
                ELSE 0 END)::bigint AS points,
       count(*) AS entries
  FROM loyalty_transfer t
 WHERE t.occurred_at >= %(start)s AND t.occurred_at < %(end)s AND t.currency = %(currency)s
   AND (%(stores)s::bigint[] IS NULL OR EXISTS (
       SELECT 1 FROM loyalty_account a JOIN members_member m ON m.id = a.member_id
        WHERE a.id IN (t.debit_account_id, t.credit_account_id)
          AND m.store_id = ANY (%(stores)s)))
   AND NOT (t.debit_account_id IN (SELECT id FROM own)
            AND t.credit_account_id IN (SELECT id FROM own))
 GROUP BY 1, 2
"""

# Lots that hold points, as `rules.balance` counts them; their holds as of now.
_OUTSTANDING = """
WITH lots AS (
    SELECT l.account_id, l.remaining, coalesce(h.held, 0) AS held, l.expires_at,
           coalesce(l.available_at <= %(at)s, false) AS free,
           coalesce(l.expires_at <= %(at)s, false) AS over
      FROM loyalty_lot l
      JOIN loyalty_account a ON a.id = l.account_id
      LEFT JOIN LATERAL (
           SELECT sum(x.points) AS held FROM loyalty_holdallocation x
             JOIN loyalty_hold h ON h.id = x.hold_id
            WHERE l.held > 0 AND x.lot_id = l.id AND h.state = 'open'
              AND h.expires_at > %(at)s) h ON true
     WHERE l.has_points AND a.currency = %(currency)s
       AND (%(stores)s::bigint[] IS NULL OR a.member_id IN (
           SELECT id FROM members_member WHERE store_id = ANY (%(stores)s)))
)
SELECT coalesce(sum(remaining - held) FILTER (WHERE free AND NOT over), 0)::bigint AS available,
       coalesce(sum(remaining) FILTER (WHERE NOT free AND NOT over), 0)::bigint AS pending,
       coalesce(sum(held), 0)::bigint AS held,
       coalesce(sum(remaining - held) FILTER (
           WHERE free AND NOT over AND expires_at <= %(soon)s), 0)::bigint AS soon,
       coalesce(sum(remaining - held) FILTER (
           WHERE free AND NOT over AND expires_at <= %(later)s), 0)::bigint AS later,
       count(DISTINCT account_id) FILTER (WHERE NOT over OR held > 0) AS members
  FROM lots
"""

# Who owes, from the index of open debts; `oldest` is how long.
_OWED = """
WITH owed AS (
    SELECT d.account_id, a.member_id, sum(d.remaining)::bigint AS points,
           min(d.incurred_at) AS oldest
      FROM loyalty_debt d
      JOIN loyalty_account a ON a.id = d.account_id
     WHERE d.remaining > 0 AND a.currency = %(currency)s
       AND (%(stores)s::bigint[] IS NULL OR a.member_id IN (
           SELECT id FROM members_member WHERE store_id = ANY (%(stores)s)))
     GROUP BY d.account_id, a.member_id
)
"""

_DEBTORS = (
    _OWED
    + """
SELECT o.account_id, o.member_id, o.points, o.oldest, m.number, m.name,
       coalesce(nullif(s.name, ''), s.code, '') AS store
  FROM owed o
  JOIN members_member m ON m.id = o.member_id
  LEFT JOIN members_store s ON s.id = m.store_id
 WHERE (%(since)s::timestamptz IS NULL OR o.oldest >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR o.oldest < %(until)s)
   AND (%(place_at)s::timestamptz IS NULL
        OR (o.oldest, o.account_id) > (%(place_at)s::timestamptz, %(place_id)s::bigint))
 ORDER BY o.oldest, o.account_id LIMIT %(limit)s
"""
)

# `starts` are the bounds of the bands, the youngest first.
_BANDS = (
    _OWED  # noqa: S608  our own text
    + """
SELECT (SELECT count(*) FROM unnest(%(starts)s::timestamptz[]) s WHERE oldest < s) AS band,
       count(*) AS members, sum(points)::bigint AS points
  FROM owed GROUP BY 1 ORDER BY 1
"""
)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whose points, and of which currency."""

    currency: str
    stores: frozenset[int] | None

    @property
    def told(self) -> dict[str, Any]:
        stores = None if self.stores is None else sorted(self.stores)
        return {"currency": self.currency, "stores": stores}


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Entries of a kind on a day; `points` above zero went to members."""

    day: date
    kind: str
    points: int
    entries: int


@dataclass(frozen=True, kw_only=True)
class Outstanding:
    available: int
    pending: int
    held: int
    soon: int
    later: int
    members: int


@dataclass(frozen=True, kw_only=True)
class Debtor:
    account_id: int
    member_id: int
    points: int
    oldest: datetime
    number: str
    name: str
    store: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """Members whose oldest debt is of an age: band 0 is the youngest."""

    band: int
    members: int
    points: int


@dataclass(frozen=True, kw_only=True)
class Ages:
    """Debts incurred from `since` until `until`; None is no bound."""

    since: datetime | None
    until: datetime | None


def moved(
    *, reach: Reach, start: datetime, end: datetime, time_zone: str
) -> list[Moved]:
    """What happened from `start` until `end`, by local day and kind; one query."""
    told = {**reach.told, "start": start, "end": end, "zone": time_zone}
    return [Moved(**row) for row in kernel.run(_BY_DAY, told)]


def outstanding(
    *, reach: Reach, at: datetime, soon: datetime, later: datetime
) -> Outstanding:
    """Points members hold now, and what of it ends by two moments; one query.

    Points that come free to a member who owes count as available until they have
    paid: the night's work does that, or whatever touches the account first.
    """
    told = {**reach.told, "at": at, "soon": soon, "later": later}
    return Outstanding(**kernel.run(_OUTSTANDING, told)[0])


def debtors(
    *, reach: Reach, ages: Ages, limit: int, after: tuple[datetime, int] | None
) -> list[Debtor]:
    """Members who owe, the longest first; `after` is where the last page ended."""
    place_at, place_id = after or (None, None)
    told = {
        **reach.told,
        **vars(ages),
        "place_at": place_at,
        "place_id": place_id,
        "limit": limit,
    }
    return [Debtor(**row) for row in kernel.run(_DEBTORS, told)]


def bands(*, reach: Reach, starts: list[datetime]) -> list[Band]:
    """Debtors and debts by age: band n is older than `starts[n - 1]`."""
    rows = kernel.run(_BANDS, {**reach.told, "starts": starts})
    return [Band(**row) for row in rows]
