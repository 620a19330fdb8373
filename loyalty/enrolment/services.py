"""A new member and what the programme promises for signing up, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty.points import events
from loyalty.points.models import Transfer
from members.profiles import enrolment
from members.profiles.enrolment import Person
from members.profiles.models import Member
from members.programme import queries as programme


@dataclass(frozen=True, kw_only=True)
class SignedUp:
    member: Member
    created: bool
    points_awarded: int


@transaction.atomic
def sign_up(*, person: Person, actor: str, at: datetime) -> SignedUp:
    """Enrol somebody; points by the version in force when they joined."""
    when = person.joined_at or at
    settings = programme.settings_at(at=when)
    enrolled = enrolment.enrol(person=person, at=at, settings=settings)
    member = enrolled.member
    if not enrolled.created:
        return SignedUp(member=member, created=False, points_awarded=_given(member))
    posted = events.award(
        member_id=member.pk,
        event="sign_up",
        occasion=str(member.pk),
        actor=actor,
        at=when,
        now=at,
        settings=settings,
    )
    given = _given(member) if posted else 0
    return SignedUp(member=member, created=True, points_awarded=given)


def _given(member: Member) -> int:
    reference = f"event:sign_up:{member.pk}"
    found = Transfer.objects.filter(reference=reference).first()
    return found.points if found else 0
