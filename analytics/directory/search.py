"""Finding members by whatever somebody at a till can say."""

from __future__ import annotations

import re
import unicodedata

from django.db.models import QuerySet

from members.profiles.models import Identifier, Member

# Of one way of matching. More would be a list nobody reads: type one letter more.
MOST = 500
SHORTEST_INFIX = 3
SHORTEST_PHONE = 5
# Bare digits may as well be a customer number, which must find no strangers.
SHORTEST_BARE_PHONE = 7
# What somebody writes who means a telephone number, and nothing else.
PHONE = re.compile(r"\+?[\d ()/.\-]+")


def matching_ids(q: str) -> QuerySet[Member, int]:
    """Return ids of members matching `q`, as one UNION of index look-ups.

    By number or identifier (exact, or from its first characters on), by name from
    its start, from three characters on anywhere in it, and by pinyin. Each part is
    cut at `MOST` rows.
    """
    text = unicodedata.normalize("NFKC", q).strip()
    phone_part = _phone_part(text)
    members = Member.objects.all()
    identifiers = Identifier.objects.all()
    parts = [
        members.filter(number=text.upper()).values_list("id"),
        identifiers.filter(value__startswith=text).values_list("member_id")[:MOST],
        members.filter(name__startswith=text).values_list("id")[:MOST],
        members.filter(name_key__startswith=text.lower()).values_list("id")[:MOST],
    ]
    if text != text.lower():
        lower = identifiers.filter(value__startswith=text.lower())
        parts.append(lower.values_list("member_id")[:MOST])
    if phone_part:
        phone = identifiers.filter(type="phone", value__contains=phone_part)
        parts.append(phone.values_list("member_id")[:MOST])
    if len(text) >= SHORTEST_INFIX:
        anywhere = members.filter(name__icontains=text)
        parts.append(anywhere.values_list("id")[:MOST])
    first, *rest = parts
    return first.union(*rest)  # type: ignore[return-value]  # a union of one column


def _phone_part(text: str) -> str:
    """Return the digits to find within telephone numbers; none if it is not one."""
    if not PHONE.fullmatch(text):
        return ""
    digits = re.sub(r"\D", "", text).lstrip("0")
    shortest = SHORTEST_BARE_PHONE if text.isdigit() else SHORTEST_PHONE
    return digits if len(digits) >= shortest else ""
