"""Reads of orders for those who address them from outside."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from loyalty.orders.models import Order

_ID = re.compile(r"\d{1,18}", re.ASCII)
_POINTED = re.compile(r"(?:order|refund|tender|restore):(\d+)(?::.*)?", re.ASCII)


def find(*, address: str) -> Order | None:
    """The order or refund with this id or `~source:number`; None: there is none."""
    if _ID.fullmatch(address):
        return Order.objects.filter(pk=int(address)).first()
    named = external(address)
    if named is None:
        return None
    source, number = named
    return Order.objects.filter(source=source, external_id=number).first()


def external(address: str) -> tuple[str, str] | None:
    """The source and number an address names, if it is of that kind."""
    source, colon, number = address.removeprefix("~").partition(":")
    if not address.startswith("~") or not colon or not source or not number:
        return None
    return source, number


def facts_of(references: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """The orders that entries of the books name, by reference; one query."""
    ids = {
        reference: int(found[1])
        for reference in references
        if (found := _POINTED.fullmatch(reference))
    }
    rows = Order.objects.filter(pk__in=set(ids.values())).values(
        "pk", "external_id", "refund_of_id"
    )
    known = {row["pk"]: row for row in rows}
    return {
        reference: {
            "order": known[pk]["refund_of_id"] or pk,
            "external_id": known[pk]["external_id"],
        }
        for reference, pk in ids.items()
        if pk in known
    }
