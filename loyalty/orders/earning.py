"""Orders give points, refunds take them back; in bulk and one at a time alike.

Every function is idempotent: what was posted for an order or a refund is met again by
its business key, so the same history can be applied twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from loyalty.orders import grants, stamps
from loyalty.orders.grants import Stretch
from loyalty.orders.models import Order
from loyalty.orders.stamps import Stamped
from loyalty.points import kernel, postings
from loyalty.points.models import Transfer
from members.programme import queries as programme
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying the programme to some orders posted."""

    orders: int = 0
    points: int = 0
    refunds: int = 0
    taken_back: int = 0


def earning_of(*, order_id: int, revision: int) -> Transfer | None:
    """The transfer that gave an order's points, if it earned any."""
    return Transfer.objects.filter(
        reference=_key(f"order:{order_id}", revision)
    ).first()


def taken_back_by(*, refund: Order, order: Order) -> Transfer | None:
    """The transfer that took back what a refund's order earned."""
    return Transfer.objects.filter(
        reference=refund_key(refund=refund, order=order)
    ).first()


def refund_key(*, refund: Order, order: Order) -> str:
    return _key(f"refund:{refund.pk}", order.revision)


def _key(stem: str, revision: int) -> str:
    """As `order_earning` and `order_refunding` write them in SQL."""
    return f"{stem}:{revision}" if revision else stem


def tender_of(*, order: Order) -> Transfer | None:
    """The transfer that paid a part of an order, if points did."""
    if not order.tender_points:
        return None
    return Transfer.objects.filter(reference=f"tender:{order.pk}").first()


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What an order earned; `parts` says which of its lines gave how many."""

    points: int = 0
    parts: dict[str, int] | None = None


@kernel.together()
def earn_one(
    *, order_id: int, day: date, settings: Settings, actor: str, now: datetime
) -> Earned:
    """Post what one order earns by the settings in force when it was placed."""
    stretch = Stretch(settings=settings)
    told = _told([order_id], [stretch], [day], settings, actor=actor, now=now)
    rows = _post(told, [stretch], post=_post_one)
    if settings.earn is not None and settings.earn.stamps:
        settle_stamps(order_ids=[order_id], actor=actor, settings=settings, now=now)
    if not rows:
        return Earned()
    return Earned(points=rows[0]["points"], parts=rows[0]["parts"])


@transaction.atomic
def earn_many(*, order_ids: Sequence[int], actor: str, now: datetime) -> Applied:
    """Post what these orders earn, each by the version in force when it was placed."""
    stretches = timeline()
    if not order_ids:
        return Applied()
    rows: list[dict[str, Any]] = []
    settings = stretches[-1].settings
    if grants.rules_of(stretches):
        days = _days(order_ids)
        told = _told(order_ids, stretches, days, settings, actor=actor, now=now)
        rows = _post(told, stretches)
    full = settle_stamps(
        order_ids=order_ids,
        actor=actor,
        settings=settings,
        now=now,
        stretches=stretches,
    )
    return Applied(
        orders=len(rows),
        points=full.points + sum(int(row["points"]) for row in rows),
        taken_back=full.taken_back,
    )


def settle_stamps(
    *,
    actor: str,
    settings: Settings,
    now: datetime,
    order_ids: Sequence[int] = (),
    member_ids: Sequence[int] = (),
    stretches: Sequence[Stretch] | None = None,
) -> Stamped:
    """Bring the stamps of members up to their orders, where a rule gives any."""
    cards = stamps.cards_of(timeline() if stretches is None else stretches)
    if not cards:
        return Stamped()
    rows = kernel.run(_BUYERS, {"ids": list(order_ids)}) if order_ids else []
    return stamps.settle(
        cards=cards,
        member_ids=[*member_ids, *(row["member_id"] for row in rows)],
        currency=postings.currency_of(settings, None),
        policy=settings.clawback,
        actor=actor,
        now=now,
    )


_BUYERS = """
SELECT DISTINCT member_id FROM loyalty_order WHERE id = ANY (%(ids)s::bigint[])
"""


def timeline() -> list[Stretch]:
    """Every version of the programme with the time it is in force, oldest first."""
    versions = programme.timeline()
    # One more published from the beginning of time takes the place of the one before.
    while len(versions) > 1 and versions[1][0] is None:
        versions = versions[1:]
    ends = [settings_from for settings_from, _ in versions[1:]]
    return [
        Stretch(settings=settings, starts=starts, ends=end)
        for (starts, settings), end in zip(versions, [*ends, None], strict=True)
        if starts is None or end is None or starts < end
    ]


def take_back_many(
    *, refund_ids: Sequence[int], actor: str, settings: Settings, now: datetime
) -> Applied:
    """Take back what the orders of these refunds earned, by the share that came back.

    The points of an order go down with the money it still holds; the last refund takes
    the rest. Refunds that name no order, and those taken back before, do nothing.
    """
    if not refund_ids:
        return Applied()
    stretches = timeline()
    if stamps.cards_of(stretches):
        # All accounts at once, in id order, before refunds lock them one by one.
        currency = postings.currency_of(settings, None)
        kernel.run(_LOCK, {"ids": list(refund_ids), "currency": currency})
    rows = kernel.run(
        _TAKE_BACK,
        {
            "ids": list(refund_ids),
            "policy": settings.clawback,
            "actor": actor,
            "now": now,
        },
    )
    _give_back_budgets(rows)
    full = settle_stamps(
        order_ids=refund_ids,
        actor=actor,
        settings=settings,
        now=now,
        stretches=stretches,
    )
    return Applied(
        points=full.points,
        refunds=len(rows),
        taken_back=full.taken_back + sum(int(row["points"]) for row in rows),
    )


def reverse_many(
    *,
    order_ids: Sequence[int],
    reason: str,
    actor: str,
    settings: Settings,
    now: datetime,
) -> int:
    """Take back all that is left of what these orders earned; returns the points.

    For orders a load is undone of or a file corrects, not for returns.
    """
    if not order_ids:
        return 0
    rows = kernel.run(
        _REVERSE_ALL,
        {
            "ids": list(order_ids),
            "policy": settings.clawback,
            "reason": reason,
            "actor": actor,
            "now": now,
        },
    )
    _give_back_budgets(rows)
    return sum(int(row["points"]) for row in rows)


# Accounts in id order, as every operation locks them. A refund takes what should be back
# by then, by how much of the order's money has come back, less what is; so the parts add
# up to the whole in whatever order and by whatever road refunds come.
_TAKE_BACK = """
WITH refunds AS (
    SELECT r.id, r.placed_at, r.amount_minor, t.id AS earning, t.points, t.currency,
           t.credit_account_id, o.amount_minor AS whole,
           order_refunding(r.id, o.revision) AS reference,
           coalesce((SELECT sum(x.amount_minor) FROM loyalty_order x
                      WHERE x.refund_of_id = o.id), 0)
           - sum(r.amount_minor) OVER (PARTITION BY o.id)
           + sum(r.amount_minor) OVER (PARTITION BY o.id ORDER BY r.placed_at, r.id) AS upto,
           coalesce((SELECT sum(x.points) FROM loyalty_transfer x WHERE x.reverses_id = t.id
                        AND x.kind IN ('reverse', 'uncollected')), 0) AS back
      FROM loyalty_order r
      JOIN loyalty_order o ON o.id = r.refund_of_id
      JOIN loyalty_transfer t ON t.reference = order_earning(o.id, o.revision)
     WHERE r.id = ANY (%(ids)s::bigint[]) AND o.amount_minor > 0
       AND NOT EXISTS (SELECT 1 FROM loyalty_transfer t
                        WHERE t.reference IN (order_refunding(r.id, o.revision),
                              order_refunding(r.id, o.revision) || ':uncollected'))
), due AS MATERIALIZED (
    SELECT *, (div(points * upto, whole)
               - greatest(back, div(points * (upto - amount_minor), whole)))::bigint AS share
      FROM refunds ORDER BY credit_account_id, placed_at, id
)
SELECT d.id, d.share AS points, d.currency FROM due d
 CROSS JOIN LATERAL points_reverse(d.earning, d.share, NULL, %(policy)s, d.reference, '',
        d.placed_at, %(now)s, '', %(actor)s) r
 WHERE d.share > 0
"""

_REVERSE_ALL = """
WITH due AS MATERIALIZED (
    SELECT t.id, t.credit_account_id, t.occurred_at, t.currency,
           t.points - coalesce((SELECT sum(x.points) FROM loyalty_transfer x
                WHERE x.reverses_id = t.id AND x.kind IN ('reverse', 'uncollected')), 0)::bigint
               AS points
      FROM loyalty_order o
      JOIN loyalty_transfer t ON t.reference = order_earning(o.id, o.revision)
     WHERE o.id = ANY (%(ids)s::bigint[])
     ORDER BY t.credit_account_id, t.id
)
SELECT d.points, d.currency FROM due d
 CROSS JOIN LATERAL points_reverse(d.id, d.points, NULL, %(policy)s, 'withdraw:' || d.id, '',
        d.occurred_at, %(now)s, %(reason)s, %(actor)s) r
 WHERE d.points > 0
"""


def _told(
    order_ids: Sequence[int],
    stretches: Sequence[Stretch],
    days: Sequence[date],
    settings: Settings,
    *,
    actor: str,
    now: datetime,
) -> dict[str, Any]:
    return {
        "ids": list(order_ids),
        "rules": Jsonb(grants.rules_of(stretches)),
        "calendar": Jsonb(grants.calendar_of(stretches, days)),
        "currency": postings.currency_of(settings, None),
        "used": 0,
        "actor": actor,
        "now": now,
    }


def _post_many(told: dict[str, Any]) -> list[dict[str, Any]]:
    return kernel.run(grants.POST, told)


def _post_one(told: dict[str, Any]) -> list[dict[str, Any]]:
    """For one order reading and planning the statement would be most of the work."""
    return kernel.run_prepared(grants.POST_ONE, told)


def _post(
    told: dict[str, Any],
    stretches: Sequence[Stretch],
    *,
    post: Callable[[dict[str, Any]], list[dict[str, Any]]] = _post_many,
) -> list[dict[str, Any]]:
    """Limits are read under the locks that keep them; without limits there is nothing
    to read, and the kernel locks by itself."""
    caps = [
        stretch.settings.earn.caps
        for stretch in stretches
        if stretch.settings.earn is not None
    ]
    # Stamps look at all members of the orders, so their accounts are locked together.
    stamped = any(one.settings.earn and one.settings.earn.stamps for one in stretches)
    if stamped or any(
        cap.member_day is not None or cap.member_month is not None for cap in caps
    ):
        kernel.run(_LOCK, told)
    limited = any(cap.total is not None for cap in caps)
    if limited:
        told = {**told, "used": _budget(told["currency"])}
    rows = post(told)
    if limited:
        _spend_budget(told["currency"], sum(int(row["points"]) for row in rows))
    return rows


_LOCK = """
SELECT points_lock(array_agg(points_account(member_id, %(currency)s)))
  FROM (SELECT DISTINCT member_id FROM loyalty_order WHERE id = ANY (%(ids)s::bigint[])
         ORDER BY member_id) m
"""


def _budget(currency: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_earnbudget (currency, used) "
            "SELECT %s, orders_earned_in_all(%s) ON CONFLICT DO NOTHING",
            [currency, currency],
        )
        cursor.execute(
            "SELECT used FROM loyalty_earnbudget WHERE currency = %s FOR UPDATE",
            [currency],
        )
        return int(cursor.fetchone()[0])


def _spend_budget(currency: str, points: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_earnbudget SET used = used + %s WHERE currency = %s",
            [points, currency],
        )


def give_back_budget(*, currency: str, points: int) -> None:
    """Points that came back may be earned again under a limit for everybody."""
    _spend_budget(currency, -points)


def _give_back_budgets(rows: Sequence[dict[str, Any]]) -> None:
    back: Counter[str] = Counter()
    for row in rows:
        back[row["currency"]] += int(row["points"])
    for currency, points in sorted(back.items()):
        give_back_budget(currency=currency, points=points)


def _days(order_ids: Sequence[int]) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT day FROM loyalty_order WHERE id = ANY (%s::bigint[])",
            [list(order_ids)],
        )
        return [day for (day,) in cursor.fetchall()]
