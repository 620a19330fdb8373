"""A member's points over the HTTP API: what there is, why, and what changes it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import periods
from config.lib.problem import InvalidInput
from loyalty.points import (
    acts,
    approvals,
    entries,
    errors,
    kernel,
    queries,
    services,
    shapes,
    sources,
)
from loyalty.points import serializers as io
from loyalty.points.models import Account
from members.api import pages
from members.api.fields import LARGEST_ID
from members.approvals.api import Awaiting, awaiting
from members.approvals.models import Approval
from members.profiles.api import MemberEndpoint
from members.profiles.queries import Named, named
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from members.programme.rules import Settings, dump, parse

READ = ("members:read", "points:write")
WRITE = ("points:write",)
_LAST = timedelta(microseconds=1)


class PointsEndpoint(MemberEndpoint):
    """For addresses below `members/{member}/points/`."""

    def in_force(self) -> Settings:
        return programme.settings_at(at=self.now)

    def currency(self, settings: Settings, key: str | None) -> str:
        known = [one.key for one in settings.currencies]
        if key is not None and key not in known:
            names = ", ".join(known)
            raise InvalidInput(
                field="currency",
                code="unknown_currency",
                detail=_("Choose one of: %(names)s.") % {"names": names},
            )
        return key or known[0]

    def account(
        self, member: Named, settings: Settings, key: str | None
    ) -> Account | None:
        return queries.account_of(
            member_id=member.pk, currency=self.currency(settings, key)
        )

    def entry(
        self, member: Named, transfer_id: int, *, replayed: bool, **more: Any
    ) -> Response:
        found = entries.entry(member_id=member.pk, transfer_id=transfer_id)
        if found is None:
            raise Http404
        answer = {**shapes.full_entry(found), **more}
        return Response(answer, status=200 if replayed else 201)


def end_of(told: date | datetime, zone: ZoneInfo) -> datetime:
    """The first instant no longer valid: of a day its end, of a time itself."""
    return told if isinstance(told, datetime) else periods.day_end(told, zone)


def moment_of(told: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """The moment a question is about: a day means its end."""
    if told is None or isinstance(told, datetime):
        return told
    return periods.day_end(told, zone) - _LAST


class MemberPoints(PointsEndpoint):
    scopes = {"GET": READ}

    @extend_schema(parameters=[io.PointsQuery], responses=io.BalanceShape)
    def get(self, request: Request, member: str) -> Response:
        """What a member has: now, as of a moment, as known at a moment."""
        found = self.found(member)
        told = self.query(io.PointsQuery)
        settings = self.in_force()
        currency = self.currency(settings, told.get("currency"))
        account = queries.account_of(member_id=found.pk, currency=currency)
        at = moment_of(told.get("as_of"), settings.zone)
        known = moment_of(told.get("known_at"), settings.zone)
        if at is None and known is None:
            balance = queries.balance(account=account, at=self.now, settings=settings)
        else:
            balance = queries.balance_then(
                account=account,
                at=at or self.now,
                known_at=known or self.now,
                settings=settings,
            )
        qualifying = queries.qualifying(
            account=account, at=at or self.now, known_at=known or self.now
        )
        return Response(
            shapes.balance(balance, qualifying=qualifying, currency=currency)
        )


class Lots(PointsEndpoint):
    scopes = {"GET": READ}

    @extend_schema(responses=io.ExplainedLotShape)
    def get(self, request: Request, member: str, lot: int) -> Response:
        """Why these points are there: entry, order, rule version; and where they went."""
        found = self.found(member)
        self.query(io.LotQuery)
        known = entries.lot(member_id=found.pk, lot_id=min(lot, LARGEST_ID))
        if known is None:
            raise Http404
        version = known.transfer.version
        return Response(
            shapes.explained_lot(
                known,
                made_by=entries.entry(
                    member_id=found.pk, transfer_id=known.transfer_id
                ),
                taken=entries.taken_from(lot_id=known.pk),
                rule=None if version is None else _rule(version),
            )
        )


def _rule(number: int) -> dict[str, Any] | None:
    version = ProgrammeVersion.objects.filter(number=number).first()
    if version is None:
        return None
    told = dump(parse(version.settings, number=number))
    kept = ("earn", "pending_days", "activate_on", "expiry")
    return {
        "version": number,
        "effective_from": shapes.maybe(version.effective_from),
        **{name: told[name] for name in kept},
    }


class Entries(PointsEndpoint):
    scopes = {"GET": READ}

    @extend_schema(parameters=[io.EntriesQuery], responses=io.EntryPage)
    def get(self, request: Request, member: str) -> Response:
        """The statement, the newest first, each with its running balance."""
        found = self.found(member)
        told = self.query(io.EntriesQuery)
        settings = self.in_force()
        limit = told["limit"]
        rows = queries.entries(
            account=self.account(found, settings, told.get("currency")),
            limit=limit + 1,
            at=moment_of(told.get("as_of"), settings.zone),
            known_at=moment_of(told.get("known_at"), settings.zone),
            before=_place(told.get("cursor")),
        )
        shown = rows[:limit]
        known = sources.of([one.reference for one in shown])
        after = [shown[-1].occurred_at.isoformat(), shown[-1].id] if shown else None
        return Response(
            pages.page(
                request,
                [shapes.entry(one, known) for one in shown],
                after=after if len(rows) > limit else None,
            )
        )


def _place(cursor: str | None) -> tuple[datetime, int] | None:
    place = pages.read(cursor, str, int)
    if place is None:
        return None
    try:
        at = datetime.fromisoformat(place[0])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 0 <= place[1] <= LARGEST_ID:
        raise InvalidInput(
            field="cursor",
            code="invalid",
            detail=_("Take the cursor from the page before."),
        )
    return at, place[1]


class Adjustments(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Adjustment, responses={201: io.EntryShape, 202: Awaiting})
    def post(self, request: Request, member: str) -> Response:
        """Give or take points. Above the programme's limit another person approves."""
        found, settings = self.under(member)
        told = self.body(io.Adjustment)
        at = told.get("occurred_at")
        if at is not None and at > self.now:
            raise errors.Future()
        ends = told.get("expires_at")
        terms: dict[str, Any] = {
            "points": told["points"],
            "reason": told["reason"],
            "expires_at": None if ends is None else end_of(ends, settings.zone),
            "currency": self.currency(settings, told.get("currency")),
        }
        if approvals.needed_for(points=told["points"], settings=settings):
            asked = approvals.ask_to_adjust(
                member=found, occurred_at=at, author=self.actor, now=self.now, **terms
            )
            return awaiting(asked)
        with kernel.alone():
            posted = services.adjust(
                member_id=found.pk,
                reference=str(uuid4()),
                actor=self.actor,
                at=at or self.now,
                now=self.now,
                settings=settings if at is None else programme.settings_at(at=at),
                **terms,
            )
        return self.entry(found, posted.transfer_id, replayed=posted.replayed)


class Redemptions(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(
        request=io.Redemption, responses={201: io.EntryShape, 200: io.EntryShape}
    )
    def post(self, request: Request, member: str) -> Response:
        """Spend points. `reference` is a business key: the same again is 200."""
        found, settings = self.under(member)
        told = self.body(io.Redemption)
        with kernel.alone():
            posted = services.redeem(
                member_id=found.pk,
                points=told["points"],
                reference=told["reference"],
                actor=self.actor,
                at=told.get("occurred_at") or self.now,
                now=self.now,
                settings=settings,
                reason=told["reason"],
                currency=self.currency(settings, told.get("currency")),
            )
        return self.entry(found, posted.transfer_id, replayed=posted.replayed)


class Transfers(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.NewTransfer, responses={201: io.EntryShape})
    def post(self, request: Request, member: str) -> Response:
        """Move points to another member; they keep their dates."""
        found, settings = self.under(member)
        told = self.body(io.NewTransfer)
        target = named(address=told["to"])
        if target is None:
            raise InvalidInput(
                field="to", code="unknown_member", detail=_("There is no such member.")
            )
        with kernel.alone():
            posted = services.transfer(
                from_member_id=found.pk,
                to_member_id=target.pk,
                points=told["points"],
                reference=str(uuid4()),
                actor=self.actor,
                now=self.now,
                settings=settings,
                reason=told["reason"],
                currency=self.currency(settings, told.get("currency")),
            )
        return self.entry(found, posted.transfer_id, replayed=posted.replayed)


class Conversions(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Conversion, responses={201: io.EntryShape})
    def post(self, request: Request, member: str) -> Response:
        """Turn points of one currency into another's at the programme's rate."""
        found = self.found(member)
        told = self.body(io.Conversion)
        posted = services.convert(
            member_id=found.pk,
            points=told["points"],
            from_currency=told["from"],
            to_currency=told["to"],
            reference=str(uuid4()),
            actor=self.actor,
            now=self.now,
            settings=self.in_force(),
        )
        return self.entry(found, posted.transfer_id, replayed=posted.replayed)


class WriteOffs(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.WriteOff, responses={202: Awaiting})
    def post(self, request: Request, member: str) -> Response:
        """Ask to give up what a member owes; another person decides, always."""
        found = self.found(member)
        told = self.body(io.WriteOff)
        settings = self.in_force()
        currency = self.currency(settings, told.get("currency"))
        account = queries.account_of(member_id=found.pk, currency=currency)
        owed = queries.balance(account=account, at=self.now, settings=settings).debt
        points = told.get("points", owed)
        if not 0 < points <= owed:
            raise errors.NotOwed(debt=owed, asked=points)
        asked = approvals.ask_to_write_off(
            member=found,
            points=points,
            reason=told["reason"],
            currency=currency,
            author=self.actor,
            now=self.now,
        )
        return awaiting(asked)


class Undos(PointsEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(
        request=io.Undo,
        responses={201: io.EntryShape, 200: io.EntryShape, 202: Awaiting},
    )
    def post(self, request: Request, member: str, entry: int) -> Response:
        """Post the opposite of an entry, once; of a large adjustment by two people."""
        found = self.found(member)
        told = self.body(io.Undo)
        transfer = entries.transfer_of(
            member_id=found.pk, transfer_id=min(entry, LARGEST_ID)
        )
        if transfer is None:
            raise Http404
        done = acts.undo(
            member=found,
            entry=transfer,
            reason=told["reason"],
            by=self.actor,
            now=self.now,
            settings=self.in_force(),
        )
        if isinstance(done, Approval):
            return awaiting(done)
        return self.entry(found, done.entry.id, replayed=done.replayed)
