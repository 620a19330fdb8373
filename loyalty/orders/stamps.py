"""Stamps: every so many orders of a member give points, each time exactly once.

A card lasts as long as its rule is the same; a version that changes the rule begins a
new one. An order counts while it has money's or points' worth, goods of the rule's
categories, and has not come back whole. What a return undoes, the next order gives
again; nothing else gives twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.orders.grants import Stretch
from loyalty.points import kernel, rules
from loyalty.points.enums import Role, TransferKind
from members.programme.points import Stamps
from members.programme.rules import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A rule of stamps and the time it stays the same.

    Its key has the beginning and not the version: one published for the same moment
    takes the place of another, and what that gave is not given again.
    """

    rule: Stamps
    stretches: tuple[Stretch, ...]

    @property
    def key(self) -> str:
        began = (self.starts - _EPOCH) // _UNIT if self.starts else 0
        return f"{self.rule.name}.{began}"

    @property
    def starts(self) -> datetime | None:
        return self.stretches[0].starts

    @property
    def ends(self) -> datetime | None:
        return self.stretches[-1].ends

    def settings_at(self, at: datetime) -> Settings:
        """The version in force; a moment outside the card is its last version's."""
        inside = (one for one in self.stretches if one.ends is None or at < one.ends)
        return next(inside, self.stretches[-1]).settings


@dataclass(frozen=True, kw_only=True)
class Stamped:
    """What settling posted."""

    points: int = 0
    taken_back: int = 0


def cards_of(stretches: Iterable[Stretch]) -> list[Card]:
    """Return every card there ever was, oldest first."""
    cards: dict[str, Card] = {}
    running: list[Card] = []
    for stretch in stretches:
        earn = stretch.settings.earn
        rules_now = earn.stamps if earn else ()
        running = [_card(rule, stretch, running) for rule in rules_now]
        cards.update((card.key, card) for card in running)
    return list(cards.values())


def _card(rule: Stamps, stretch: Stretch, running: Iterable[Card]) -> Card:
    before = next((card for card in running if card.rule == rule), None)
    stretches = (*before.stretches, stretch) if before else (stretch,)
    return Card(rule=rule, stretches=stretches)


def settle(
    *,
    cards: Sequence[Card],
    member_ids: Sequence[int],
    currency: str,
    policy: str,
    actor: str,
    now: datetime,
) -> Stamped:
    """Give what full cards of these members are due and take back what no longer is.

    Idempotent. Call it after the orders are written, in their transaction: it locks the
    accounts first, so two tills that complete one card give it once.
    """
    if not cards or not member_ids:
        return Stamped()
    told = {
        "members": sorted(set(member_ids)),
        "currency": currency,
        "cards": Jsonb([row_of(card) for card in cards]),
        "now": now,
        "policy": policy,
        "actor": actor,
    }
    kernel.run(LOCK, told)
    due = kernel.run(_DUE, told)
    given = _give([row for row in due if row["gives"]], cards, told)
    backs = [row["open"] for row in due if row["open"] is not None]
    taken = kernel.run(_TAKE_BACK, {**told, "transfers": backs}) if backs else []
    return Stamped(points=given, taken_back=sum(int(row["points"]) for row in taken))


def row_of(card: Card) -> dict[str, Any]:
    return {
        "card": card.key,
        "starts": card.starts.isoformat() if card.starts else None,
        "ends": card.ends.isoformat() if card.ends else None,
        "every": card.rule.every,
        "points": card.rule.points,
        "categories": list(card.rule.categories),
    }


def _give(
    rows: Sequence[dict[str, Any]], cards: Sequence[Card], told: dict[str, Any]
) -> int:
    if not rows:
        return 0
    of = {card.key: card for card in cards}
    versions = [of[row["card"]].settings_at(row["placed_at"]) for row in rows]
    ends = [
        rules.expires_at(occurred_at=row["placed_at"], settings=version)
        for row, version in zip(rows, versions, strict=True)
    ]
    posted = kernel.run(
        _CREDIT,
        {
            **told,
            "kind": TransferKind.EVENT.value,
            "role": Role.ISSUED.value,
            "to": [row["member_id"] for row in rows],
            "points": [row["gives"] for row in rows],
            "references": [row["reference"] for row in rows],
            "at": [row["placed_at"] for row in rows],
            "expires": ends,
            "rolling": [one.expiry.by == "inactivity" for one in versions],
            "versions": [one.number for one in versions],
        },
    )
    return sum(int(row["points"]) for row in posted if not row["replayed"])


# In id order, as every operation of the books locks.
LOCK = """
SELECT points_lock(array_agg(points_account(m, %(currency)s)))
  FROM (SELECT DISTINCT m FROM unnest(%(members)s::bigint[]) m ORDER BY m) members
"""

# Which orders filled which card, of the members that `{members}` picks among orders `o`.
_FULL_CARDS = """cards AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(cards)s) AS c (
        card text, starts timestamptz, ends timestamptz, every int, points bigint,
        categories jsonb)
), stamped AS (
    SELECT c.card, c.every, c.points, o.member_id, o.placed_at, o.day,
           row_number() OVER (PARTITION BY c.card, o.member_id ORDER BY o.placed_at, o.id) AS n
      FROM loyalty_order o
      JOIN cards c ON (c.starts IS NULL OR o.placed_at >= c.starts)
                  AND (c.ends IS NULL OR o.placed_at < c.ends)
     WHERE {members} AND o.kind = 'order'
       AND o.cancelled_at IS NULL AND o.amount_minor + o.tender_minor > coalesce((
           SELECT sum(r.amount_minor + r.tender_minor) FROM loyalty_order r
            WHERE r.refund_of_id = o.id), 0)
       AND (c.categories = '[]' OR EXISTS (
           SELECT 1 FROM loyalty_orderline l
            WHERE l.order_id = o.id AND l.goods AND c.categories ? l.category))
), full_cards AS (
    SELECT card, member_id, n / every AS cycle, points, placed_at, day, true AS is_full
      FROM stamped WHERE n %% every = 0
)"""


def full_cards(*, members: str) -> str:
    """Return the steps to `full_cards`: a pure reading of orders; it takes `cards`."""
    return _FULL_CARDS.replace("{members}", members)


# What cards say now beside what was given: a full card without its points, or points
# without their full card. What was given again gives as much as had been taken back, so
# a policy that leaves points with the member does not give them twice.
_DUE = f"""
WITH {full_cards(members="o.member_id = ANY (%(members)s::bigint[])")}, given AS (
    SELECT t.id, a.member_id, split_part(t.reference, ':', 2) AS card,
           split_part(t.reference, ':', 4)::bigint AS cycle, t.occurred_at,
           split_part(t.reference, ':', 5)::int AS attempt,
           (SELECT sum(x.points) FILTER (WHERE x.kind = 'reverse') FROM loyalty_transfer x
             WHERE x.reference IN ('stamps-back:' || t.id,
                                   'stamps-back:' || t.id || ':uncollected')) AS taken,
           EXISTS (SELECT 1 FROM loyalty_transfer x
             WHERE x.reference IN ('stamps-back:' || t.id,
                                   'stamps-back:' || t.id || ':uncollected')) AS is_back
      FROM loyalty_account a
      JOIN loyalty_transfer t ON t.credit_account_id = a.id AND t.kind = 'event'
     WHERE a.member_id = ANY (%(members)s::bigint[]) AND a.currency = %(currency)s
       AND t.reference LIKE 'stamps:%%'
), last AS (
    SELECT DISTINCT ON (member_id, card, cycle) * FROM given
     ORDER BY member_id, card, cycle, attempt DESC
)
SELECT card, member_id, f.placed_at,
       'stamps:' || card || ':' || member_id || ':' || cycle || ':' || coalesce(l.attempt + 1, 0)
           AS reference,
       CASE WHEN f.is_full IS NULL OR NOT coalesce(l.is_back, true) THEN 0
            WHEN l.id IS NULL THEN f.points ELSE coalesce(l.taken, 0) END::bigint AS gives,
       CASE WHEN f.is_full IS NULL AND NOT l.is_back THEN l.id END AS open
  FROM full_cards f FULL JOIN last l USING (card, member_id, cycle)
 WHERE f.is_full IS NULL OR l.is_back IS NOT false
 ORDER BY member_id, card, cycle
"""  # noqa: S608  our own text

_CREDIT = """
SELECT * FROM points_credit(%(currency)s, %(role)s, %(kind)s, %(to)s::bigint[],
    %(points)s::bigint[], %(references)s::text[],
    array_fill(''::text, ARRAY[cardinality(%(to)s::bigint[])]), %(at)s::timestamptz[],
    %(at)s::timestamptz[], %(expires)s::timestamptz[], %(rolling)s::boolean[],
    %(versions)s::int[], array_fill(NULL::jsonb, ARRAY[cardinality(%(to)s::bigint[])]), '',
    %(actor)s, %(now)s)
"""

# Dated by the member's last return; of what staff has undone before, only the rest.
_TAKE_BACK = """
WITH due AS MATERIALIZED (
    SELECT t.id, t.credit_account_id,
           t.points - coalesce((SELECT sum(x.points) FROM loyalty_transfer x
                WHERE x.reverses_id = t.id AND x.kind IN ('reverse', 'uncollected')), 0)::bigint
               AS points,
           coalesce((SELECT max(o.placed_at) FROM loyalty_order o
                      WHERE o.member_id = a.member_id AND o.kind = 'refund'
                        AND o.placed_at <= %(now)s), %(now)s) AS at
      FROM loyalty_transfer t JOIN loyalty_account a ON a.id = t.credit_account_id
     WHERE t.id = ANY (%(transfers)s::bigint[])
     ORDER BY t.credit_account_id, t.id DESC
)
SELECT d.points FROM due d
 CROSS JOIN LATERAL points_reverse(d.id, d.points, NULL, %(policy)s, 'stamps-back:' || d.id, '',
        d.at, %(now)s, '', %(actor)s) r
 WHERE d.points > 0
"""
