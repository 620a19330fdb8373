"""The undo of a load of orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.orders import earning, qualifying, statements
from loyalty.orders.errors import BuiltOn
from loyalty.orders.models import Order
from loyalty.points import reasons
from members.imports.kinds import Undone
from members.imports.models import ImportBatch
from members.profiles import services as profiles
from members.programme import queries as programme

_ORDERS = """
CREATE TEMPORARY TABLE import_undo AS
SELECT id, member_id, day FROM loyalty_order
 WHERE batch_id = %(batch)s AND updated_at = created_at
"""
_BUILT_ON = """
SELECT 1 FROM loyalty_order r JOIN import_undo u ON u.id = r.refund_of_id
 WHERE r.id NOT IN (SELECT id FROM import_undo) LIMIT 1
"""
# Orders that stay and had earned, of which this load told a return.
_RETURNED = """
SELECT coalesce(array_agg(DISTINCT o.id), '{}')
  FROM import_undo u JOIN loyalty_order r ON r.id = u.id
  JOIN loyalty_order o ON o.id = r.refund_of_id
  JOIN loyalty_transfer t ON t.reference = order_earning(o.id, o.revision)
 WHERE o.id NOT IN (SELECT id FROM import_undo)
"""
_MARK_MEMBERS = """
INSERT INTO members_changedmember (member_id)
SELECT DISTINCT member_id FROM import_undo
"""
_MARK_MONTHS = """
INSERT INTO loyalty_changedmonth (month)
SELECT DISTINCT date_trunc('month', day)::date FROM import_undo
"""
_LINES = """
DELETE FROM loyalty_orderline l USING import_undo u WHERE l.order_id = u.id
"""
_DELETE = """
DELETE FROM loyalty_order o USING import_undo u WHERE o.id = u.id
"""
_MEMBERS = "SELECT DISTINCT member_id FROM import_undo"


def undo_batch(*, batch: ImportBatch, at: datetime) -> Undone:
    """Remove the orders a load created and nobody changed since, with its members.

    Points they earned are taken back; orders of other loads whose returns go earn anew, as
    before those. Members it created go if nothing else is known
    of them; who has an account of points stays, as the books do. Raises `BuiltOn` if a
    refund that came otherwise belongs to one of the orders. Call it inside a
    transaction that holds the batch.
    """
    told = {"batch": batch.pk}
    by: dict[str, Any] = {
        "actor": f"import:{batch.pk}",
        "settings": programme.settings_at(at=at),
        "now": at,
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_undo")
        cursor.execute(_ORDERS, told)
        cursor.execute(_BUILT_ON)
        if cursor.fetchone() is not None:
            raise BuiltOn()
        cursor.execute(_RETURNED)
        (returned,) = cursor.fetchone()
        cursor.execute("SELECT id FROM import_undo")
        undone = [pk for (pk,) in cursor.fetchall()]
        earning.reverse_many(
            order_ids=[*undone, *returned], reason=reasons.IMPORT_UNDONE, **by
        )
        cursor.execute(_MARK_MEMBERS)
        cursor.execute(_MARK_MONTHS)
        cursor.execute(_LINES)
        cursor.execute(_DELETE)
        removed = int(cursor.rowcount)
        cursor.execute(statements.REVISE, [returned])
        _earn_anew(returned, by)
        cursor.execute(_MEMBERS)
        buyers = [pk for (pk,) in cursor.fetchall()]
        earning.settle_stamps(member_ids=buyers, **by)
        qualifying.written(
            order_ids=returned,
            actor=by["actor"],
            now=at,
            others=qualifying.holders(buyers),
        )
        cursor.execute(statements.REFRESH.format(members=_MEMBERS))
        cursor.execute("DROP TABLE import_undo")
        kept = Order.objects.filter(batch=batch).count()
    members = profiles.remove_created(batch=batch)
    return Undone(removed=removed, members_removed=members, kept=kept)


def _earn_anew(order_ids: Sequence[int], by: dict[str, Any]) -> None:
    """What orders earned before, and what refunds that are left take back of it."""
    earning.earn_many(order_ids=order_ids, actor=by["actor"], now=by["now"])
    left = Order.objects.filter(refund_of__in=order_ids).values_list("pk", flat=True)
    earning.take_back_many(refund_ids=list(left), **by)
