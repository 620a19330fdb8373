"""Finding one member by what somebody calls it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection

from members.imports import texts
from members.imports.values import Bad
from members.profiles.models import Consent, Member

_WHO = "SELECT m.id, m.number, m.merged_into_id FROM members_member m"
_BY_ID = f"{_WHO} WHERE m.id = %s"
_BY_NUMBER = f"{_WHO} WHERE m.number = %s"
_BY_IDENTIFIER = f"""
{_WHO} JOIN members_identifier i ON i.member_id = m.id
 WHERE i.type = ANY (%s) AND i.value = %s ORDER BY m.id LIMIT 1
"""

NUMBER = re.compile(r"T\d{9,20}", re.ASCII)
ID = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Named:
    """Who is meant: enough to act upon, without the person."""

    pk: int
    number: str


def named(*, address: str) -> Named | None:
    """The member with this id, number or `~type:value`, in one small query.

    One that was merged away is the one it was merged into. None: there is nobody, or
    this is no address.
    """
    if address.startswith("~"):
        return _by_identifier(address)
    if ID.fullmatch(address):
        return _one(_BY_ID, [int(address)])
    if NUMBER.fullmatch(address):
        return _one(_BY_NUMBER, [address])
    return None


def find(*, address: str) -> Member | None:
    """As `named`, with all that is known of the person."""
    found = named(address=address)
    return None if found is None else Member.objects.get(pk=found.pk)


def latest_consents(*, member: Member) -> dict[str, Consent]:
    """What was said last of marketing, by channel."""
    said = Consent.objects.filter(member=member, purpose="marketing")
    return {one.channel: one for one in said.order_by("at", "pk")}


def _by_identifier(address: str) -> Named | None:
    kind, _, value = address[1:].partition(":")
    read: str | Bad | None = value.strip()
    if kind.lower() == "email":
        read = texts.email(value, field="email")
    elif kind.lower() == "phone":
        read = texts.phone(value, region=None, field="phone")
    if not isinstance(read, str):
        return None
    # A source that is written in capitals keeps them as type.
    return _one(_BY_IDENTIFIER, [[kind, kind.lower()], read])


def _one(sql: str, told: list[Any]) -> Named | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        row = cursor.fetchone()
    if row is None:
        return None
    pk, number, merged_into = row
    return (
        Named(pk=pk, number=number)
        if merged_into is None
        else _one(_BY_ID, [merged_into])
    )
