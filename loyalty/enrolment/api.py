"""Signing up over the HTTP API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.enrolment import services
from members.api.views import Endpoint
from members.profiles.api import shape
from members.profiles.enrolment import Person
from members.profiles.serializers import MemberShape, NewMember


class NewMemberShape(MemberShape):
    """A member, and the points it got for signing up."""

    points_awarded = serializers.IntegerField()


class Members(Endpoint):
    scopes = {"POST": ("members:write",)}

    @extend_schema(
        request=NewMember, responses={201: NewMemberShape, 200: NewMemberShape}
    )
    def post(self, request: Request) -> Response:
        """Make a member. `external_id` is a business key: the same again is 200."""
        person = Person(**self.body(NewMember))
        done = services.sign_up(person=person, actor=self.actor, at=self.now)
        answer = {
            **shape(done.member, at=self.now),
            "points_awarded": done.points_awarded,
        }
        return Response(answer, status=201 if done.created else 200)
