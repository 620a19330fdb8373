"""Orders over the HTTP API: what a till says happened, and what that did to points."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.problem import InvalidInput
from loyalty.orders import parking, queries, refunds, services, shapes
from loyalty.orders import serializers as io
from loyalty.orders.models import Order
from loyalty.orders.rules import Line
from loyalty.points import kernel
from members.api.views import Endpoint
from members.profiles.queries import named_under
from members.programme import queries as programme

WRITE = ("orders:write",)
READ = ("orders:write", "members:read")
EXTERNAL = "~"


class OrderEndpoint(Endpoint):
    """For addresses below `orders/{order}/`."""

    def found(self, address: str) -> Order:
        order = queries.find(address=address)
        if order is None:
            raise Http404
        return order

    def money(self, told: str, *, field: str, exponent: int) -> int:
        """A decimal string in minor units; more places than the currency has are
        refused, never rounded."""
        minor = Decimal(told).scaleb(exponent)
        if minor != minor.to_integral_value():
            raise InvalidInput(
                field=field,
                code="too_precise",
                detail=_("Give at most %(places)s decimal places.")
                % {"places": exponent},
            )
        return int(minor)


class Orders(OrderEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(
        request=io.NewOrder, responses={201: io.OrderShape, 200: io.OrderShape}
    )
    def post(self, request: Request) -> Response:
        """Record an order: points pay a part, the rest earns. The same again is 200."""
        told = self.body(io.NewOrder)
        under = named_under(address=told["member"], at=told["placed_at"], now=self.now)
        if under.member is None:
            raise InvalidInput(
                field="member",
                code="unknown_member",
                detail=_("There is no such member."),
            )
        exponent = under.settings.exponent
        wanted = services.Told(
            source=told["source"],
            external_id=told["external_id"],
            member_id=under.member.pk,
            placed_at=told["placed_at"],
            lines=[
                self._line(line, place, exponent)
                for place, line in enumerate(told["lines"])
            ],
            currency=told.get("currency"),
            channel=told["channel"],
            store=told["store"],
            points_redeemed=told["points_redeemed"],
        )
        with kernel.alone():
            recorded = services.record(
                told=wanted,
                by=None,
                actor=self.actor,
                at=self.now,
                settings=under.settings,
                today=under.today,
            )
        status = 201 if recorded.created else 200
        return Response(shapes.recorded(recorded), status=status)

    def _line(self, told: dict[str, Any], place: int, exponent: int) -> Line:
        where = f"lines.{place}"
        margin = told.get("margin")
        return Line(
            line_id=told["line_id"],
            sku=told["sku"],
            category=told["category"],
            quantity=told.get("quantity"),
            goods=told["goods"],
            amount_minor=self.money(
                told["amount"], field=f"{where}.amount", exponent=exponent
            ),
            margin_minor=None
            if margin is None
            else self.money(margin, field=f"{where}.margin", exponent=exponent),
        )


class OneOrder(OrderEndpoint):
    scopes = {"GET": READ}

    @extend_schema(responses=io.OrderShape)
    def get(self, request: Request, order: str) -> Response:
        """An order with its lines, what each was granted, and its refunds."""
        self.query(io.NoQuery)
        return Response(shapes.order(self.found(order).pk))


class Refunds(OrderEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(
        request=io.NewRefund,
        responses={201: io.RefundShape, 200: io.RefundShape, 202: io.ParkedShape},
    )
    def post(self, request: Request, order: str) -> Response:
        """Take an order back, in part or whole. One that is not here yet waits: 202."""
        told = self.body(io.NewRefund)
        wanted = self._told(told)
        found = queries.find(address=order)
        if found is None:
            parked = self._parked(order, wanted)
            if parked is not None:
                return parked
            found = self.found(order)
        done = refunds.refund(
            order_id=found.pk, told=wanted, by=None, actor=self.actor, at=self.now
        )
        exponent = programme.settings_at(at=self.now).exponent
        status = 201 if done.created else 200
        return Response(shapes.refunded(done, exponent=exponent), status=status)

    def _parked(self, address: str, wanted: refunds.Told) -> Response | None:
        """The answer if the refund waits; None: its order came in the meantime."""
        named = queries.external(address)
        if named is None:
            raise Http404
        source, external_id = named
        parked = parking.park(
            source=source, order_external_id=external_id, told=wanted, at=self.now
        )
        if parked is None:
            return None
        answer = {
            "code": "parked",
            "external_id": wanted.external_id,
            "order": external_id,
        }
        return Response(answer, status=202)

    def _told(self, told: dict[str, Any]) -> refunds.Told:
        exponent = programme.settings_at(at=self.now).exponent
        amount = told.get("amount")
        return refunds.Told(
            external_id=told["external_id"],
            refunded_at=told["refunded_at"],
            amount_minor=None
            if amount is None
            else self.money(amount, field="amount", exponent=exponent),
            lines=tuple(
                refunds.Wanted(
                    line=one["line"],
                    quantity=one.get("quantity"),
                    amount_minor=None
                    if one.get("amount") is None
                    else self.money(
                        one["amount"],
                        field=f"lines.{place}.amount",
                        exponent=exponent,
                    ),
                )
                for place, one in enumerate(told.get("lines", ()))
            ),
        )


class Deliver(OrderEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Delivery, responses={200: io.DeliveredShape})
    def post(self, request: Request, order: str) -> Response:
        """Note the delivery; pending points become available where the rule says so."""
        found = self.found(order)
        told = self.body(io.Delivery)
        activated = services.deliver(
            order_id=found.pk,
            delivered_at=told.get("delivered_at", self.now),
            at=self.now,
        )
        return Response({**shapes.order(found.pk), "points_activated": activated})


class Cancel(OrderEndpoint):
    scopes = {"POST": WRITE}

    @extend_schema(request=io.Cancellation, responses={200: io.OrderShape})
    def post(self, request: Request, order: str) -> Response:
        """Call an order off before delivery: a refund of all that is left of it."""
        found = self.found(order)
        told = self.body(io.Cancellation)
        refunds.cancel(
            order_id=found.pk,
            cancelled_at=told.get("cancelled_at", self.now),
            by=None,
            actor=self.actor,
            at=self.now,
        )
        return Response(shapes.order(found.pk))
