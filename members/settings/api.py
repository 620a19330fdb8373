"""The programme over the HTTP API: what is in force, and publishing the next version."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.fields import Body, Moment, Whole
from members.api.views import Endpoint
from members.approvals.api import Awaiting, awaiting
from members.approvals.models import Approval
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeVersion
from members.settings import services

OWN = ("effective_from", "based_on", "note")


class ProgrammeQuery(Body):
    at = Moment(required=False, help_text="The version in force then; default now.")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Or this version."
    )


class Publication(serializers.Serializer[Any]):
    """Settings by their names; what is left out stays as it is."""

    effective_from = Moment(
        required=False, help_text="Default now; of the first one the beginning of time."
    )
    based_on = Whole(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version you saw: 409 `stale_version` if there is a newer one.",
    )
    note = serializers.CharField(required=False, max_length=200, allow_blank=True)


class ProgrammeShape(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    effective_from = Moment(allow_null=True)
    published_at = Moment()
    published_by = serializers.CharField()
    approved_by = serializers.CharField()
    note = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()
    earn = serializers.DictField(allow_null=True)
    pending_days = serializers.IntegerField()
    expiry = serializers.DictField()
    clawback = serializers.CharField()
    point_value = serializers.CharField()


def shape(version: ProgrammeVersion) -> dict[str, Any]:
    moment = Moment().to_representation
    began = version.effective_from
    settings = rules.parse(version.settings, number=version.number)
    return {
        "version": version.number,
        "effective_from": moment(began) if began else None,
        "published_at": moment(version.created_at),
        "published_by": version.published_by,
        "approved_by": version.approved_by,
        "note": version.note,
        **rules.dump(settings),
    }


class Programme(Endpoint):
    scopes = {
        "GET": ("programme:write", "members:read", "points:write", "analytics:read"),
        "PUT": ("programme:write",),
    }

    @extend_schema(parameters=[ProgrammeQuery], responses=ProgrammeShape)
    def get(self, request: Request) -> Response:
        """The settings in force: now, at a moment, or of one version."""
        told = self.query(ProgrammeQuery)
        number = told.get("version")
        if number is None:
            number = programme.settings_at(at=told.get("at") or self.now).number
        found = programme.versions().filter(number=number).first()
        if found is None:
            raise Http404
        return Response(shape(found))

    @extend_schema(request=Publication, responses={200: ProgrammeShape, 202: Awaiting})
    def put(self, request: Request) -> Response:
        """Publish a new version. Settings stand at the top level of the body.

        One that lowers benefits waits for another person (202).
        """
        told = request.data
        if not isinstance(told, dict):
            words = _("Give an object.")
            raise ValidationError({"": [ErrorDetail(words, code="invalid")]})
        form = Publication(data={name: told[name] for name in OWN if name in told})
        form.is_valid(raise_exception=True)
        own = dict(form.validated_data)
        published = services.publish_programme(
            values={name: told[name] for name in told if name not in OWN},
            based_on=own.get("based_on", programme.latest().number),
            effective_from=own.get("effective_from"),
            note=own.get("note", ""),
            by=self.actor,
            at=self.now,
        )
        if isinstance(published, Approval):
            return awaiting(published)
        return Response(shape(published))
