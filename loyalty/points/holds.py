"""Holds over the HTTP API: set points aside, then spend them or let them go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.problem import InvalidInput
from loyalty.points import entries, kernel, services, shapes
from loyalty.points import serializers as io
from loyalty.points.api import READ, WRITE, PointsEndpoint, end_of
from loyalty.points.models import Hold
from members.api.fields import LARGEST_ID
from members.api.views import Endpoint
from members.programme import queries as programme


class Holds(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.NewHold, responses={201: io.HoldShape, 200: io.HoldShape})
    def post(self, request: Request, member: str) -> Response:
        """Set points aside. `reference` is a business key: the same again is 200."""
        found = self.found(member)
        told = self.body(io.NewHold)
        settings = self.in_force()
        ends = until(told, now=self.now, zone=settings.zone)
        if ends <= self.now:
            raise InvalidInput(
                field="expires_at",
                code="past",
                detail=_("Give a time that is still to come."),
            )
        terms = {name: str(told[name]) for name in _WAYS if name in told}
        with kernel.alone():
            placed = services.hold(
                member_id=found.pk,
                points=told["points"],
                reference=told["reference"],
                expires_at=ends,
                now=self.now,
                settings=settings,
                terms=terms,
                currency=self.currency(settings, told.get("currency")),
            )
        answer = shapes.hold(_hold(placed.hold_id), at=self.now)
        return Response(answer, status=200 if placed.replayed else 201)


_WAYS = ("ttl_seconds", "ttl_days", "expires_at")
# As long as a checkout takes.
USUAL_SECONDS = 1_800


def until(told: dict[str, Any], *, now: datetime, zone: ZoneInfo) -> datetime:
    """Seconds are elapsed, days end at the same time of a later local day."""
    if "ttl_days" in told:
        local = now.astimezone(zone).replace(tzinfo=None)
        later = local + timedelta(days=told["ttl_days"])
        return later.replace(tzinfo=zone).astimezone(now.tzinfo)
    if "expires_at" in told:
        ends: date | datetime = told["expires_at"]
        return end_of(ends, zone)
    seconds = told.get("ttl_seconds", USUAL_SECONDS)
    return services.until(ttl_seconds=seconds, expires_at=None, now=now)


class OneHold(Endpoint):
    scopes = {"GET": READ}

    @extend_schema(responses=io.HoldShape)
    def get(self, request: Request, hold: int) -> Response:
        return Response(shapes.hold(_hold(hold), at=self.now))


class CaptureHold(Endpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Capture, responses={200: io.CapturedShape})
    def post(self, request: Request, hold: int) -> Response:
        """Spend what is held, all or part; the rest is free again."""
        found = _hold(hold)
        told = self.body(io.Capture)
        with kernel.alone():
            transfer = services.capture(
                hold_id=found.pk,
                points=told.get("points"),
                actor=self.actor,
                now=self.now,
                settings=programme.settings_at(at=self.now),
            )
        entry = entries.entry(
            member_id=found.account.member_id or 0, transfer_id=transfer.pk
        )
        if entry is None:
            raise Http404
        answer = shapes.hold(_hold(hold), at=self.now)
        return Response({**answer, "entry": shapes.full_entry(entry)})


class ReleaseHold(Endpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Empty, responses={200: io.HoldShape})
    def post(self, request: Request, hold: int) -> Response:
        """Give held points back."""
        found = _hold(hold)
        self.body(io.Empty)
        with kernel.alone():
            services.release(
                hold_id=found.pk,
                actor=self.actor,
                now=self.now,
                settings=programme.settings_at(at=self.now),
            )
        return Response(shapes.hold(_hold(hold), at=self.now))


def _hold(pk: int) -> Hold:
    found = entries.hold(hold_id=pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404
    return found
