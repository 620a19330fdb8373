"""One member over the HTTP API: read it, change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.fields import Day, Moment
from members.api.views import Endpoint
from members.profiles import enrolment, parts, queries
from members.profiles.models import Member
from members.profiles.queries import Named
from members.profiles.serializers import MemberChange, MemberShape
from members.programme import queries as programme
from members.programme.rules import Settings


class MemberConverter:
    """`17`, `T000000017` or `~type:value`, where a value may hold a slash."""

    regex = r"~[^:/]+:.+|[^~/][^/]*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class MemberEndpoint(Endpoint):
    """For addresses below `members/{member}/`."""

    def under(self, address: str) -> tuple[Named, Settings]:
        """Who is meant, and the programme in force now, in one look."""
        found = queries.named_under(address=address, at=self.now)
        if found.member is None:
            raise Http404
        return found.member, found.settings

    def found(self, address: str) -> Named:
        member = queries.named(address=address)
        if member is None:
            raise Http404
        return member


def shape(member: Member, *, at: datetime) -> dict[str, Any]:
    identifiers = list(member.identifiers.order_by("type", "pk"))
    first: dict[str, str] = {}
    for one in identifiers:
        first.setdefault(one.type, one.value)
    moment, day = Moment().to_representation, Day().to_representation
    return {
        "id": member.pk,
        "number": member.number,
        "name": member.name,
        "email": first.get("email"),
        "phone": first.get("phone"),
        "birthday": day(member.birthday) if member.birthday else None,
        "joined_on": day(member.joined_on) if member.joined_on else None,
        "language": member.language,
        "time_zone": member.time_zone,
        "store": member.store.code if member.store else None,
        "acquisition_channel": member.acquisition_channel,
        "identifiers": [{"type": one.type, "value": one.value} for one in identifiers],
        "attributes": {
            one.name: one.value
            for one in member.attributes.order_by("recorded_on", "pk")
        },
        "consents": {
            channel: {"granted": one.granted, "at": moment(one.at)}
            for channel, one in queries.latest_consents(member=member).items()
        },
        **parts.of(member_id=member.pk, at=at),
        "created_at": moment(member.created_at),
        "updated_at": moment(member.updated_at),
    }


class OneMember(MemberEndpoint):
    scopes = {"GET": ("members:read",), "PATCH": ("members:write",)}

    @extend_schema(responses=MemberShape)
    def get(self, request: Request, member: str) -> Response:
        """Profile, consents and value facts with their day."""
        found = Member.objects.get(pk=self.found(member).pk)
        return Response(shape(found, at=self.now))

    @extend_schema(request=MemberChange, responses=MemberShape)
    def patch(self, request: Request, member: str) -> Response:
        """Change what the body names; the rest stays."""
        found = self.found(member)
        changed = enrolment.change(
            member_id=found.pk,
            values=self.body(MemberChange),
            actor=self.actor,
            at=self.now,
            settings=programme.settings_at(at=self.now),
        )
        return Response(shape(changed, at=self.now))
