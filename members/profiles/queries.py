"""Finding one member by what somebody calls it."""

from __future__ import annotations

import re

from members.imports import texts
from members.imports.values import Bad
from members.profiles.models import Consent, Member

NUMBER = re.compile(r"T\d{9,20}", re.ASCII)
ID = re.compile(r"\d{1,18}", re.ASCII)


def find(*, address: str) -> Member | None:
    """The member with this id, number or `~type:value`; one that was merged away is
    the one it was merged into. None: there is nobody, or this is no address."""
    if address.startswith("~"):
        found = _by_identifier(address)
    elif ID.fullmatch(address):
        found = Member.objects.filter(pk=int(address)).first()
    elif NUMBER.fullmatch(address):
        found = Member.objects.filter(number=address).first()
    else:
        found = None
    while found is not None and found.merged_into_id is not None:
        found = Member.objects.get(pk=found.merged_into_id)
    return found


def latest_consents(*, member: Member) -> dict[str, Consent]:
    """What was said last of marketing, by channel."""
    said = Consent.objects.filter(member=member, purpose="marketing")
    return {one.channel: one for one in said.order_by("at", "pk")}


def _by_identifier(address: str) -> Member | None:
    kind, _, value = address[1:].partition(":")
    read: str | Bad | None = value.strip()
    if kind.lower() == "email":
        read = texts.email(value, field="email")
    elif kind.lower() == "phone":
        read = texts.phone(value, region=None, field="phone")
    if not isinstance(read, str):
        return None
    # A source that is written in capitals keeps them as type.
    return Member.objects.filter(
        identifiers__type__in=sorted({kind, kind.lower()}), identifiers__value=read
    ).first()
