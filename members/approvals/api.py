"""Approvals over the HTTP API: who may decide what is said by the scope of its kind."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from members.api import pages
from members.api.fields import LARGEST_ID, Body, Moment, Text
from members.api.pages import PageQuery
from members.api.views import Endpoint
from members.approvals import kinds, queries, services
from members.approvals.enums import ApprovalState
from members.approvals.models import Approval

DECIDERS = ("points:write", "programme:write")


class ApprovalsQuery(PageQuery):
    state = serializers.ChoiceField(choices=ApprovalState.values, required=False)


class ApprovalShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=ApprovalState.values)
    facts = serializers.DictField()
    author = serializers.CharField()
    created_at = Moment()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = Moment(allow_null=True)
    reason = serializers.CharField()
    result = serializers.DictField(allow_null=True)
    url = serializers.CharField()


class ApprovalPage(serializers.Serializer[Any]):
    results = ApprovalShape(many=True)
    next = serializers.CharField(allow_null=True)


class Rejection(Body):
    reason = Text(max_length=200, required=False, default="", allow_blank=True)


class Nothing(Body):
    """No field at all."""


def shape(approval: Approval) -> dict[str, Any]:
    decided = approval.decided_at
    return {
        "id": approval.pk,
        "kind": approval.kind,
        "state": str(approval.state),
        "facts": approval.facts,
        "author": approval.author,
        "created_at": Moment().to_representation(approval.created_at),
        "decided_by": approval.decided_by or None,
        "decided_at": Moment().to_representation(decided) if decided else None,
        "reason": approval.reason,
        "result": approval.result,
        "url": f"/api/v1/approvals/{approval.pk}/",
    }


def awaiting(approval: Approval) -> Response:
    """The answer to what needs a second person: 202 with where it waits."""
    found = shape(approval)
    return Response({"status": "awaiting_approval", "approval": found}, status=202)


class Awaiting(serializers.Serializer[Any]):
    """What was asked for waits for another person."""

    status = serializers.ChoiceField(choices=["awaiting_approval"])
    approval = ApprovalShape()


class ApprovalEndpoint(Endpoint):
    def found(self, pk: int) -> Approval:
        """A request this key may decide; others do not exist for it."""
        mine = kinds.within(self.caller.scopes)
        rows = queries.approvals(kinds=mine)
        approval = rows.filter(pk=pk).first() if pk <= LARGEST_ID else None
        if approval is None:
            raise Http404
        return approval


class Approvals(Endpoint):
    scopes = {"GET": DECIDERS}

    @extend_schema(parameters=[ApprovalsQuery], responses=ApprovalPage)
    def get(self, request: Request) -> Response:
        """Requests this key may decide, the newest first."""
        told = self.query(ApprovalsQuery)
        rows = queries.approvals(
            kinds=kinds.within(self.caller.scopes), state=told.get("state")
        )
        place = pages.read(told.get("cursor"), int)
        if place is not None:
            rows = rows.filter(pk__lt=min(place[0], LARGEST_ID))
        found = list(rows[: told["limit"] + 1])
        shown = found[: told["limit"]]
        more = [shown[-1].pk] if len(found) > len(shown) else None
        return Response(pages.page(request, [shape(one) for one in shown], after=more))


class OneApproval(ApprovalEndpoint):
    scopes = {"GET": DECIDERS}

    @extend_schema(responses=ApprovalShape)
    def get(self, request: Request, approval: int) -> Response:
        return Response(shape(self.found(approval)))


class Approve(ApprovalEndpoint):
    scopes = {"POST": DECIDERS}

    @extend_schema(request=Nothing, responses={200: ApprovalShape})
    def post(self, request: Request, approval: int) -> Response:
        """Do what was asked for; by another person than the author."""
        self.body(Nothing)
        decision = services.approve(
            approval_id=self.found(approval).pk, by=self.actor, at=self.now
        )
        return Response(shape(decision.approval))


class Reject(ApprovalEndpoint):
    scopes = {"POST": DECIDERS}

    @extend_schema(request=Rejection, responses={200: ApprovalShape})
    def post(self, request: Request, approval: int) -> Response:
        told = self.body(Rejection)
        decision = services.reject(
            approval_id=self.found(approval).pk,
            by=self.actor,
            at=self.now,
            reason=told["reason"],
        )
        return Response(shape(decision.approval))
