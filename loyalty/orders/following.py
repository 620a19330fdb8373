"""Points and tiers follow the orders a file wrote, in the transaction that wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

from loyalty.orders import earning, parking, qualifying, statements, tenders


def written(
    cursor: CursorWrapper, told: Mapping[str, Any], *, by: Mapping[str, Any]
) -> None:
    """Orders earn, refunds take back, tiers look at both.

    `by` says who posts, by which settings, and when.
    """
    cursor.execute(statements.WRITTEN, told)
    orders, refunds, awaited = cursor.fetchone()
    of = {"actor": by["actor"], "now": by["now"]}
    earning.earn_many(order_ids=orders, **of)
    earning.take_back_many(refund_ids=refunds, **by)
    tenders.give_back_many(refund_ids=refunds, **by)
    parking.apply_all(order_ids=awaited, actor=by["actor"], at=by["now"])
    moved = []
    if told["corrected"]:
        # A corrected order may have been another member's before.
        cursor.execute(statements.MOVED_MEMBERS)
        moved = [pk for (pk,) in cursor.fetchall()]
        earning.settle_stamps(member_ids=moved, **by)
    qualifying.written(order_ids=[*orders, *refunds], others=moved, **of)
