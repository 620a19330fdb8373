"""An order of a till or a shop, with what it pays in points and what it earns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty.orders import earning, marks, parking, qualifying, recording, rules
from loyalty.orders.enums import OrderKind
from loyalty.orders.errors import (
    BeforeOrder,
    Cancelled,
    ExternalIdConflict,
    Future,
    NegativeAmount,
    WrongCurrency,
)
from loyalty.orders.models import Order, OrderLine
from loyalty.orders.rules import Line
from loyalty.points import kernel, postings, returns, watchers
from loyalty.points import rules as points
from loyalty.points.enums import Role, TransferKind
from members.access.models import Store, User
from members.programme import queries as programme
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a source says of an order; `lines` hold totals before points pay a part."""

    source: str
    external_id: str
    member_id: int
    placed_at: datetime
    lines: Sequence[Line]
    currency: str | None = None
    channel: str = ""
    store: str = ""
    points_redeemed: int = 0


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The order, whether this call made it or met it again, and what it earned.

    `lines` and `parts`, what each of them earned, are told of an order that was made
    and is as it was made: no refund waited for it.
    """

    order: Order
    created: bool
    points_awarded: int
    lines: Sequence[OrderLine] | None = None
    parts: Mapping[str, int] | None = None


@kernel.together()
def record(
    *,
    told: Told,
    by: User | None,
    actor: str,
    at: datetime,
    settings: Settings | None = None,
    today: Settings | None = None,
) -> Recorded:
    """Record an order; the same again is met, not made (`created` is False).

    Points it pays with are spent first, then it earns on the rest by the version in
    force when it was placed, then refunds that came before it are applied. A caller
    that has read that version hands it over as `settings`, and the one in force at `at`
    as `today`. Raises `Future`,
    `WrongCurrency`, `NegativeAmount`, `InsufficientPoints`, or `ExternalIdConflict` if
    the source used the number for other content.
    """
    settings = settings or programme.settings_at(at=told.placed_at)
    _check(told, settings, at)
    order = _order(told, settings, at)
    lines = _lines(order, told.lines)
    written = recording.write(order, lines)
    if written is None:
        return _met(order)
    if order.tender_points:
        _spend(order, settings=settings, actor=actor, now=at)
    earned = earning.earn_one(
        order_id=order.pk, day=order.day, settings=settings, actor=actor, now=at
    )
    marks.audit_order(order, by=by, at=at)
    if written.awaited:
        with kernel.guarded():
            parking.apply(order=order, by=by, actor=actor, at=at)
    qualifying.written(order_ids=[order.pk], actor=actor, now=at, settings=today)
    return Recorded(
        order=order,
        created=True,
        points_awarded=earned.points,
        lines=None if written.awaited else lines,
        parts=earned.parts,
    )


@transaction.atomic
def deliver(*, order_id: int, delivered_at: datetime, at: datetime) -> int:
    """Note the delivery once; returns the points that became available by it.

    They do where the version the order was placed under says `activate_on` delivery.
    Raises `Future`, `BeforeOrder`, `Cancelled`.
    """
    if delivered_at > at:
        raise Future(field="delivered_at")
    order = Order.objects.select_for_update().get(pk=order_id)
    if delivered_at < order.placed_at:
        raise BeforeOrder(field="delivered_at")
    if order.cancelled_at is not None:
        raise Cancelled()
    if order.delivered_at is None:
        order.delivered_at = delivered_at
        order.save(update_fields=["delivered_at"])
    settings = programme.settings_at(at=order.placed_at)
    earned = earning.earning_of(order_id=order.pk, revision=order.revision)
    if earned is None or settings.activate_on != "delivery":
        return 0
    activated = returns.activate(earning=earned, at=order.delivered_at, now=at)
    watchers.tell(
        member_id=order.member_id, actor="delivery", now=at, settings=settings
    )
    return activated


def _order(told: Told, settings: Settings, at: datetime) -> Order:
    total = sum(line.amount_minor for line in told.lines)
    pays = min(points.money_of(points=told.points_redeemed, settings=settings), total)
    return Order(
        source=told.source,
        external_id=told.external_id,
        member_id=told.member_id,
        kind=OrderKind.ORDER,
        placed_at=told.placed_at,
        day=told.placed_at.astimezone(settings.zone).date(),
        amount_minor=total - pays,
        margin_minor=_margin(told.lines),
        # Never more points than the payment needs.
        tender_points=points.points_for(minor=pays, settings=settings),
        tender_minor=pays,
        currency=settings.currency,
        channel=told.channel,
        store=_store(told.store),
        revision=0,
        content_hash=_digest(told, total),
        created_at=at,
        updated_at=at,
    )


def _met(told: Order) -> Recorded:
    """The order that has the number already, if it says the same."""
    order = Order.objects.get(source=told.source, external_id=told.external_id)
    said = (told.content_hash, told.member_id)
    if (order.content_hash, order.member_id) != said:
        raise ExternalIdConflict(field="external_id")
    earned = earning.earning_of(order_id=order.pk, revision=order.revision)
    return Recorded(
        order=order, created=False, points_awarded=earned.points if earned else 0
    )


def _check(told: Told, settings: Settings, at: datetime) -> None:
    if told.placed_at > at:
        raise Future(field="placed_at")
    if (told.currency or settings.currency).upper() != settings.currency:
        raise WrongCurrency(field="currency")
    if any(line.amount_minor < 0 for line in told.lines):
        raise NegativeAmount(field="amount")


def _digest(told: Told, total: int) -> str:
    """As a file's for an order a file could tell, so that both meet each other."""
    named = [
        line
        for line in told.lines
        if line.sku or line.category or line.quantity is not None
    ]
    content = rules.content_hash(
        kind=OrderKind.ORDER,
        placed_at=told.placed_at,
        amount_minor=total,
        margin_minor=_margin(told.lines),
        channel=told.channel,
        store=told.store,
        refund_of="",
        lines=named,
    )
    return rules.till_hash(
        content=content, lines=told.lines, points_redeemed=told.points_redeemed
    )


def _margin(lines: Sequence[Line]) -> int | None:
    margins = [one.margin_minor for one in lines if one.margin_minor is not None]
    return sum(margins) if margins else None


def _store(code: str) -> Store | None:
    return Store.objects.get_or_create(code=code)[0] if code else None


def _lines(order: Order, lines: Sequence[Line]) -> list[OrderLine]:
    totals = {number: line.amount_minor for number, line in enumerate(lines, start=1)}
    pays = points.split(order.tender_minor, totals)
    return [
        OrderLine(
            line_no=number,
            line_id=line.line_id,
            goods=line.goods,
            sku=line.sku,
            category=line.category,
            quantity=line.quantity,
            amount_minor=line.amount_minor - pays[number],
            tender_minor=pays[number],
            margin_minor=line.margin_minor,
        )
        for number, line in enumerate(lines, start=1)
    ]


def _spend(order: Order, *, settings: Settings, actor: str, now: datetime) -> None:
    postings.debit(
        kind=TransferKind.REDEEM,
        role=Role.REDEEMED,
        member_id=order.member_id,
        points=order.tender_points,
        currency=postings.currency_of(settings, None),
        reference=f"tender:{order.pk}",
        digest="",
        reason="",
        actor=actor,
        at=order.placed_at,
        now=now,
        version=settings.number,
        rolling_until=postings.rolling_until(order.placed_at, settings),
    )
