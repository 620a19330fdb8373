"""The undo of loads, as far as members are concerned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models.fields.reverse_related import ForeignObjectRel
from psycopg import sql

from members.imports.enums import ImportKind
from members.imports.kinds import Undone
from members.imports.models import ImportBatch
from members.profiles import statements
from members.profiles.models import Attribute, Consent, Identifier, Member

_ADDED = (Identifier, Attribute, Consent)


def undo_batch(*, batch: ImportBatch, at: datetime) -> Undone:
    """Take back what a file of members created.

    Members it created go if nothing else is known of them; the others it created
    stay whole. Of members known before go the identifiers, attributes and consents
    it added; fields it filled or replaced stay. Call it inside a transaction that
    holds the batch.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_touched")
        cursor.execute(statements.UNDO_TOUCHED)
        for model in _ADDED:
            table = sql.Identifier(model._meta.db_table)
            statement = sql.SQL(statements.UNDO_ADDED).format(table=table)
            cursor.execute(statement, {"batch": batch.pk})
        cursor.execute(statements.UNDO_MARK_TOUCHED)
        touched = int(cursor.rowcount)
        cursor.execute("DROP TABLE import_touched")
    removed = remove_created(batch=batch)
    kept = Member.objects.filter(batch=batch).count()
    return Undone(removed=removed + touched, members_removed=removed, kept=kept)


def remove_created(*, batch: ImportBatch) -> int:
    """Remove the members a load created of whom nothing else is known.

    Known is what another load or a person wrote, and whatever refers to the member
    and forbids its removal, such as an order. Returns how many went.
    """
    holders = sql.SQL(" ").join(
        sql.SQL(statements.HOLDER).format(**place) for place in _places(models.PROTECT)
    )
    told = {"batch": batch.pk, "describes": batch.kind == ImportKind.MEMBERS}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_undo")
        statement = sql.SQL(statements.UNDO_MEMBERS).format(holders=holders)
        cursor.execute(statement, told)
        cursor.execute("ANALYZE import_undo")
        cursor.execute(statements.UNDO_MARK)
        removed = _delete(cursor)
        cursor.execute("DROP TABLE import_undo")
    return removed


def _delete(cursor: CursorWrapper) -> int:
    for place in _places(models.CASCADE):
        cursor.execute(sql.SQL(statements.UNDO_OWNED).format(**place))
    cursor.execute(statements.UNDO_DELETE)
    return int(cursor.rowcount)


def _places(on_delete: object) -> Iterator[dict[str, sql.Identifier]]:
    """Yield table and column of each reference to a member that is declared so."""
    for relation in Member._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is on_delete:
            yield {
                "table": sql.Identifier(relation.related_model._meta.db_table),
                "column": sql.Identifier(str(relation.field.column)),
            }
