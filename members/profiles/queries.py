"""Finding one member by what somebody calls it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.lib.db import prepared
from members.imports import texts
from members.imports.values import Bad
from members.profiles.models import Consent, Member
from members.programme import queries as programme
from members.programme.rules import Settings

_WHO = "SELECT m.id, m.number, m.merged_into_id FROM members_member m"
_BY_ID = f"{_WHO} WHERE m.id = %s"
_BY_NUMBER = f"{_WHO} WHERE m.number = %s"
_BY_IDENTIFIER = f"""
{_WHO} JOIN members_identifier i ON i.member_id = m.id
 WHERE i.type = ANY (%s::text[]) AND i.value = %s ORDER BY m.id LIMIT 1
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
    chosen = _chosen(address)
    return None if chosen is None else _one(*chosen)


@dataclass(frozen=True, kw_only=True)
class NamedUnder:
    """Who is meant, if anybody, and the settings in force at a moment and now."""

    member: Named | None
    settings: Settings
    today: Settings


def named_under(
    *, address: str, at: datetime, now: datetime | None = None
) -> NamedUnder:
    """As `named`, with the programme's settings, in the same small query.

    Those of `now` too, if it is another moment than `at`.
    """
    chosen = _chosen(address)
    if chosen is None:
        settings, today = (programme.settings_at(at=one) for one in (at, now or at))
        return NamedUnder(member=None, settings=settings, today=today)
    where, told = chosen
    with prepared() as cursor:
        cursor.execute(
            f"SELECT m.*, p.id, n.id FROM ({programme.IN_FORCE}) p "  # noqa: S608  our own text
            f"CROSS JOIN ({programme.IN_FORCE}) n LEFT JOIN ({where}) m ON true",
            [at, now or at, *told],
        )
        row = cursor.fetchone()
    if row is None:
        raise programme.NoProgramme("No programme version; run manage.py migrate.")
    *who, version, current = row
    return NamedUnder(
        member=_of(who),
        settings=programme.stored(version),
        today=programme.stored(current),
    )


def find(*, address: str) -> Member | None:
    """As `named`, with all that is known of the person."""
    found = named(address=address)
    return None if found is None else Member.objects.get(pk=found.pk)


def latest_consents(*, member: Member) -> dict[str, Consent]:
    """What was said last of marketing, by channel."""
    said = Consent.objects.filter(member=member, purpose="marketing")
    return {one.channel: one for one in said.order_by("at", "pk")}


def _chosen(address: str) -> tuple[str, list[Any]] | None:
    """The query for who is addressed, and its values; None: this is no address."""
    if address.startswith("~"):
        return _by_identifier(address)
    if ID.fullmatch(address):
        return _BY_ID, [int(address)]
    if NUMBER.fullmatch(address):
        return _BY_NUMBER, [address]
    return None


def _by_identifier(address: str) -> tuple[str, list[Any]] | None:
    kind, _, value = address[1:].partition(":")
    read: str | Bad | None = value.strip()
    if kind.lower() == "email":
        read = texts.email(value, field="email")
    elif kind.lower() == "phone":
        read = texts.phone(value, region=None, field="phone")
    if not isinstance(read, str):
        return None
    # A source that is written in capitals keeps them as type.
    return _BY_IDENTIFIER, [[kind, kind.lower()], read]


def _one(sql: str, told: list[Any]) -> Named | None:
    with prepared() as cursor:
        cursor.execute(sql, told)
        row = cursor.fetchone()
    return None if row is None else _of(row)


def _of(row: Sequence[Any]) -> Named | None:
    pk, number, merged_into = row
    if pk is None or merged_into is None:
        return None if pk is None else Named(pk=pk, number=number)
    return _one(_BY_ID, [merged_into])
