"""What is known of members, by what the sources call them and without ids."""

from __future__ import annotations

from typing import Any

from members.imports.models import ImportBatch, RejectedRow
from members.profiles.models import Attribute, Consent, Identifier, Member

FIELDS = (
    *("name", "name_key", "birthday", "joined_on", "store__code", "language"),
    *("acquisition_channel", "first_order_at", "last_order_at"),
)


def known() -> dict[tuple[tuple[str, str], ...], dict[str, Any]]:
    """This is every member under all their identifiers; moments of loads are left out."""
    called: dict[int, list[tuple[str, str]]] = {}
    for member, kind, value in Identifier.objects.values_list(
        "member_id", "type", "value"
    ):
        called.setdefault(member, []).append((kind, value))
    found: dict[int, dict[str, Any]] = {}
    for row in Member.objects.values("pk", *FIELDS):
        pk = row.pop("pk")
        found[pk] = {**row, "attributes": set(), "consents": set()}
    for one in Attribute.objects.all():
        found[one.member_id]["attributes"].add((one.name, one.value, one.source))
    for said in Consent.objects.all():
        found[said.member_id]["consents"].add((said.channel, said.granted))
    return {tuple(sorted(called.get(pk, []))): row for pk, row in found.items()}


def rejects(batch: int | None = None) -> list[tuple[int, str]]:
    """This is line and reason of the rows the newest load refused."""
    batch = batch or ImportBatch.objects.latest("pk").pk
    rows = RejectedRow.objects.filter(batch=batch).order_by("line")
    return list(rows.values_list("line", "reason"))


def details() -> list[str]:
    batch = ImportBatch.objects.latest("pk")
    rows = RejectedRow.objects.filter(batch=batch).order_by("line")
    return list(rows.values_list("detail", flat=True))


def counts(summary: dict[str, Any]) -> tuple[int, int, int, int]:
    """This is loaded, of them updated, unchanged, rejected."""
    names = ("loaded", "updated", "unchanged", "rejected")
    loaded, updated, unchanged, rejected = (summary[name] for name in names)
    return loaded, updated, unchanged, rejected
