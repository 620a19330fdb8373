"""The undo of a load of orders."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from loyalty.orders import earning, qualifying, statements
from loyalty.orders.errors import BuiltOn
from loyalty.orders.models import Order
from loyalty.points import reasons
from members.imports.kinds import Undone
from members.imports.models import ImportBatch
from members.profiles import services as profiles
from members.programme import queries as programme


def undo_batch(*, batch: ImportBatch, at: datetime) -> Undone:
    """Remove the orders a load created and nobody changed since, with its members.

    Points they earned are taken back. Members it created go if nothing else is known
    of them; who has an account of points stays, as the books do. Raises `BuiltOn` if a
    refund that came otherwise belongs to one of the orders. Call it inside a
    transaction that holds the batch.
    """
    told = {"batch": batch.pk}
    settings = programme.settings_at(at=at)
    actor = f"import:{batch.pk}"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_undo")
        cursor.execute(statements.UNDO_ORDERS, told)
        cursor.execute(statements.UNDO_BUILT_ON)
        if cursor.fetchone() is not None:
            raise BuiltOn()
        cursor.execute("SELECT id FROM import_undo")
        earning.reverse_many(
            order_ids=[pk for (pk,) in cursor.fetchall()],
            reason=reasons.IMPORT_UNDONE,
            actor=actor,
            settings=settings,
            now=at,
        )
        cursor.execute(statements.UNDO_MARK_MEMBERS)
        cursor.execute(statements.UNDO_MARK_MONTHS)
        cursor.execute(statements.UNDO_LINES)
        cursor.execute(statements.UNDO_DELETE)
        removed = int(cursor.rowcount)
        cursor.execute(statements.UNDO_MEMBERS)
        buyers = [pk for (pk,) in cursor.fetchall()]
        earning.settle_stamps(member_ids=buyers, actor=actor, settings=settings, now=at)
        holders = qualifying.holders(buyers)
        qualifying.written(order_ids=[], actor=actor, now=at, others=holders)
        cursor.execute(statements.REFRESH.format(members=statements.UNDO_MEMBERS))
        cursor.execute("DROP TABLE import_undo")
        kept = Order.objects.filter(batch=batch).count()
    members = profiles.remove_created(batch=batch)
    return Undone(removed=removed, members_removed=members, kept=kept)
