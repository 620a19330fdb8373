"""The entries behind a day of the roll-forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from config.lib import periods
from loyalty.points import kernel, statement
from loyalty.points.enums import TransferKind

PAGE = 50

# `transfer_day` finds the day; gifts between members move nothing of all together.
_OF_DAY = """
SELECT t.id, t.kind, t.reference, t.occurred_at, m.number,
       CASE WHEN a.id = t.credit_account_id THEN t.points ELSE -t.points END AS points
  FROM loyalty_transfer t
  JOIN loyalty_account a ON a.id IN (t.debit_account_id, t.credit_account_id)
       AND a.member_id IS NOT NULL
  JOIN members_member m ON m.id = a.member_id
 WHERE t.currency = %(currency)s AND t.kind <> 'transfer'
   AND t.occurred_at >= %(start)s AND t.occurred_at < %(end)s
   AND (%(place_at)s::timestamptz IS NULL
        OR (t.occurred_at, t.id) > (%(place_at)s::timestamptz, %(place_id)s::bigint))
 ORDER BY t.occurred_at, t.id LIMIT %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    id: int
    kind: str
    reference: str
    occurred_at: datetime
    number: str
    points: int

    @property
    def label(self) -> str:
        return str(TransferKind(self.kind).label)


@dataclass(frozen=True, kw_only=True)
class Page:
    rows: list[Entry]
    older: str


def of_day(*, currency: str, day: date, zone: ZoneInfo, after: str) -> Page:
    """A page of entries; `after` is where the last one ended. One query."""
    place_at, place_id = statement.place_of(after) or (None, None)
    rows = kernel.run(
        _OF_DAY,
        {
            "currency": currency,
            "start": periods.day_start(day, zone),
            "end": periods.day_end(day, zone),
            "place_at": place_at,
            "place_id": place_id,
            "limit": PAGE + 1,
        },
    )
    shown = [Entry(**row) for row in rows[:PAGE]]
    more = len(rows) > PAGE
    place = statement.place(shown[-1].occurred_at, shown[-1].id) if more else ""
    return Page(rows=shown, older=f"?after={place}&currency={currency}" if more else "")
