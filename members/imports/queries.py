from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min, QuerySet

from members.imports.models import ImportBatch, RejectedRow


def rejects(*, batch: ImportBatch) -> Iterator[RejectedRow]:
    """The rejected rows of a batch in file order, however many there are."""
    rows = RejectedRow.objects.filter(batch=batch).order_by("line", "id")
    return rows.iterator(chunk_size=2_000)


def reasons(*, batch: ImportBatch) -> list[dict[str, object]]:
    """How many rows were refused for what, most first, with the first line of each."""
    found = (
        RejectedRow.objects.filter(batch=batch)
        .values("reason")
        .annotate(rows=Count("id"), line=Min("line"))
        .order_by("-rows", "reason")
    )
    return [dict(one) for one in found]


def batches() -> QuerySet[ImportBatch]:
    return ImportBatch.objects.select_related("created_by").order_by(
        "-created_at", "-pk"
    )


def before(pk: int | None) -> QuerySet[ImportBatch]:
    """The batches that come after this one in the list, newest first."""
    rows = ImportBatch.objects.select_related("created_by").order_by("-pk")
    return rows if pk is None else rows.filter(pk__lt=pk)


def first_rejects(*, batch: ImportBatch, most: int) -> list[RejectedRow]:
    rows = RejectedRow.objects.filter(batch=batch).order_by("line", "id")
    return list(rows[:most])
