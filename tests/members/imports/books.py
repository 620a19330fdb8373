"""What stands in the books, told without ids of rows: two loads can be compared."""

from __future__ import annotations

from typing import Any

from django.db import connection

from members.imports.models import ImportBatch

ORDERS = """
SELECT o.external_id, i.type, i.value, o.kind, t.external_id, o.placed_at, o.day,
       o.amount_minor, o.margin_minor, o.currency, o.channel, s.code, o.content_hash
  FROM loyalty_order o
  JOIN members_identifier i ON i.member_id = o.member_id
  LEFT JOIN loyalty_order t ON t.id = o.refund_of_id
  LEFT JOIN members_store s ON s.id = o.store_id
 ORDER BY o.id
"""
LINES = """
SELECT o.external_id, l.line_no, l.sku, l.category, l.quantity, l.amount_minor,
       l.margin_minor
  FROM loyalty_orderline l JOIN loyalty_order o ON o.id = l.order_id
 ORDER BY o.external_id, l.line_no
"""
MEMBERS = """
SELECT i.type, i.value, i.source, m.name, m.source, s.code, m.first_order_at,
       m.last_order_at, m.created_at
  FROM members_member m
  LEFT JOIN members_identifier i ON i.member_id = m.id
  LEFT JOIN members_store s ON s.id = m.store_id
 ORDER BY m.id
"""
REJECTS = """
SELECT line, reason, detail, raw::text FROM members_rejectedrow ORDER BY line, id
"""
STORES = "SELECT code FROM members_store ORDER BY id"
STATEMENTS = {
    "orders": ORDERS,
    "lines": LINES,
    "members": MEMBERS,
    "rejects": REJECTS,
    "stores": STORES,
}


def books(*names: str) -> dict[str, list[tuple[Any, ...]]]:
    """All of it, or the named parts; orders and members in the order they came in."""
    found = {}
    with connection.cursor() as cursor:
        for name in names or STATEMENTS:
            cursor.execute(STATEMENTS[name])
            found[name] = cursor.fetchall()
    return found


def counts(batch: ImportBatch) -> dict[str, Any]:
    return {
        "state": batch.state,
        "read": batch.read,
        "loaded": batch.loaded,
        "unchanged": batch.unchanged,
        "rejected": batch.rejected,
        "members_created": batch.members_created,
        "stores_created": batch.details.get("stores_created"),
    }


def waiting_tables() -> list[str]:
    """Staging tables that were left behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind = 'r' AND relname ~ '^import_[0-9]+_'"
        )
        return [name for (name,) in cursor.fetchall()]
