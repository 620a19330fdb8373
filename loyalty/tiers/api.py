"""A member's tiers over the HTTP API: what is held and why, and locks."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.problem import InvalidInput
from loyalty.tiers import locks, queries, shapes
from loyalty.tiers import serializers as io
from loyalty.tiers.errors import UnknownSet, UnknownTier
from loyalty.tiers.models import TierLock
from members.api.fields import LARGEST_ID
from members.profiles.api import MemberEndpoint
from members.programme import queries as programme
from members.programme.rules import Settings
from members.programme.tiers import TierSet

READ = ("members:read", "members:write", "points:write")
WRITE = ("members:write", "points:write")


class MemberTier(MemberEndpoint):
    scopes = {"GET": READ}

    @extend_schema(parameters=[io.TierQuery], responses=io.TierShape)
    def get(self, request: Request, member: str) -> Response:
        """The tier held, since when, until when, why, and what the next one takes."""
        found = self.found(member)
        told = self.query(io.TierQuery)
        settings = programme.settings_at(at=self.now)
        one = chosen(settings, told.get("set"))
        standings = queries.of_member(
            member_id=found.pk, at=self.now, settings=settings
        )
        wanted = next(row for row in standings if row.tier_set == one)
        return Response(
            shapes.whole(
                standings, wanted=wanted, member_id=found.pk, settings=settings
            )
        )


class Locks(MemberEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.NewLock, responses={201: io.LockShape})
    def post(self, request: Request, member: str) -> Response:
        """Keep the member in a tier or above until a day; it is lifted there if below."""
        found = self.found(member)
        told = self.body(io.NewLock)
        settings = programme.settings_at(at=self.now)
        one = chosen(settings, told.get("set"))
        if one.rank(told["tier"]) is None:
            known = ", ".join(tier.key for tier in one.tiers)
            raise InvalidInput(
                field="tier",
                code=UnknownTier.code,
                detail=f"{UnknownTier.message} {known}",
            )
        made = locks.put(
            member_id=found.pk,
            tier_set=one.key,
            tier=told["tier"],
            until=told["until"],
            reason=told["reason"],
            actor=self.actor,
            now=self.now,
            settings=settings,
        )
        return Response(shapes.lock(made), status=201)


class Releases(MemberEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Release, responses=io.LockShape)
    def post(self, request: Request, member: str, lock: int) -> Response:
        """Take a lock off; what it alone kept is judged anew at once."""
        found = self.found(member)
        told = self.body(io.Release)
        known = TierLock.objects.filter(member_id=found.pk, pk=min(lock, LARGEST_ID))
        if not known.exists():
            raise Http404
        done = locks.take_off(
            lock_id=lock,
            reason=told["reason"],
            actor=self.actor,
            now=self.now,
            settings=programme.settings_at(at=self.now),
        )
        return Response(shapes.lock(done))


def chosen(settings: Settings, key: str | None) -> TierSet:
    """The set a request means; a programme without tiers has none to show."""
    if not settings.tier_sets:
        raise Http404
    try:
        return locks.set_of(settings, key)
    except UnknownTier:
        known = ", ".join(one.key for one in settings.tier_sets)
        raise InvalidInput(
            field="set", code=UnknownSet.code, detail=f"{UnknownSet.message} {known}"
        ) from None
