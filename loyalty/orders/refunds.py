"""Goods come back: money, points that paid, and points that were earned, to the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from loyalty.orders import (
    earning,
    marks,
    qualifying,
    returned,
    rules,
    shares,
    tenders,
)
from loyalty.orders.enums import OrderKind
from loyalty.orders.errors import (
    BeforeOrder,
    Delivered,
    ExternalIdConflict,
    Future,
    NoSuchLine,
    NotAnOrder,
    RefundExceedsOrder,
)
from loyalty.orders.models import Order, OrderLine
from loyalty.orders.shares import Back, Held
from loyalty.points import returns
from loyalty.points import rules as points
from loyalty.points.models import Debt, Transfer
from members.access.models import User
from members.programme import queries as programme
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One line that comes back: by its id or place, whole, in part, or some pieces.

    `amount_minor` is of the line's total, before points paid a part.
    """

    line: str
    amount_minor: int | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """A refund as a source says it: lines, an amount of the whole order, or all of it."""

    external_id: str
    refunded_at: datetime
    lines: Sequence[Wanted] = ()
    amount_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class Refunded:
    """What a refund did. `paid_minor` is the money, `debt` what it left owed."""

    refund: Order
    created: bool
    paid_minor: int
    points_reversed: int
    points_restored: int
    debt: int


@transaction.atomic
def refund(
    *, order_id: int, told: Told, by: User | None, actor: str, at: datetime
) -> Refunded:
    """Take an order back, in part or whole; the same again is met, not made.

    Money and points that paid go back in the proportion they paid, points that were
    earned are taken back by what each line was granted. Raises `Future`,
    `BeforeOrder`, `NotAnOrder`, `NoSuchLine`, `RefundExceedsOrder`, or
    `ExternalIdConflict`.
    """
    # The order's row is the lock: two refunds of it take turns.
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.kind != OrderKind.ORDER:
        raise NotAnOrder()
    digest = _digest(order, told)
    met = Order.objects.filter(
        source=order.source, external_id=told.external_id
    ).first()
    if met is not None:
        if met.content_hash != digest:
            raise ExternalIdConflict(field="external_id")
        return _answer(met, order, created=False)
    if told.refunded_at > at:
        raise Future(field="refunded_at")
    if told.refunded_at < order.placed_at:
        raise BeforeOrder(field="refunded_at")
    earned = earning.earning_of(order_id=order.pk, revision=order.revision)
    held = returned.held(order=order, earned=earned)
    wanted, pieces = _wanted(held, told)
    # Also what is due of other lines, of which a file has told that their money came back.
    backs = shares.backs(held, wanted)
    row = _write(order, told, backs, pieces, digest=digest, at=at)
    settings = programme.settings_at(at=told.refunded_at)
    if earned is not None:
        key = earning.refund_key(refund=row, order=order)
        _take_back(row, key, earned, backs, settings=settings, actor=actor, now=at)
    tenders.give_back(row, order, settings=settings, actor=actor, now=at)
    earning.settle_stamps(
        member_ids=[order.member_id], actor=actor, settings=settings, now=at
    )
    marks.mark(row)
    qualifying.written(order_ids=[row.pk], actor=actor, now=at)
    marks.audit_order(row, by=by, at=at)
    return _answer(row, order, created=True)


@transaction.atomic
def cancel(
    *, order_id: int, cancelled_at: datetime, by: User | None, actor: str, at: datetime
) -> Refunded:
    """Call an order off before it is delivered: a refund of all that is left of it.

    A second time changes nothing. Raises `Future`, `BeforeOrder`, `Delivered`.
    """
    if cancelled_at > at:
        raise Future(field="cancelled_at")
    order = Order.objects.select_for_update().get(pk=order_id)
    if cancelled_at < order.placed_at:
        raise BeforeOrder(field="cancelled_at")
    if order.delivered_at is not None:
        raise Delivered()
    if order.cancelled_at is None:
        order.cancelled_at = cancelled_at
        order.save(update_fields=["cancelled_at"])
    told = Told(external_id=f"~cancel:{order.pk}", refunded_at=order.cancelled_at)
    return refund(order_id=order_id, told=told, by=by, actor=actor, at=at)


def _wanted(
    held: Mapping[int, Held], told: Told
) -> tuple[dict[int, int], dict[int, Decimal]]:
    """How much of each line's total comes back, and how many pieces where they count."""
    if told.lines:
        return _by_line(held, told.lines)
    pieces: dict[int, Decimal] = {}
    if told.amount_minor is not None:
        left = {number: line.left for number, line in held.items()}
        if told.amount_minor > sum(left.values()):
            raise RefundExceedsOrder(field="amount")
        wanted = points.split(told.amount_minor, left)
    else:
        wanted = {number: line.left for number, line in held.items()}
        pieces = {number: line.pieces_left for number, line in held.items()}
    if not any(wanted.values()) and any(line.total for line in held.values()):
        raise RefundExceedsOrder()
    return wanted, pieces


def _by_line(
    held: Mapping[int, Held], lines: Sequence[Wanted]
) -> tuple[dict[int, int], dict[int, Decimal]]:
    wanted: dict[int, int] = {}
    pieces: dict[int, Decimal] = {}
    for place, one in enumerate(lines):
        line = _named(held, one.line, place)
        before = pieces.get(line.line_no, Decimal(0))
        if one.amount_minor is not None:
            minor = one.amount_minor
        else:
            asked = line.pieces_left if one.quantity is None else before + one.quantity
            if asked > line.pieces_left:
                raise RefundExceedsOrder(field=f"lines.{place}.quantity")
            minor = shares.of_pieces(line, asked) - shares.of_pieces(line, before)
            pieces[line.line_no] = asked
        wanted[line.line_no] = wanted.get(line.line_no, 0) + minor
        if wanted[line.line_no] > line.left or line.left == 0 < line.total:
            raise RefundExceedsOrder(field=f"lines.{place}.amount")
    return wanted, pieces


def _named(held: Mapping[int, Held], name: str, place: int) -> Held:
    """A line by the id its source gave it, else by its place from 1."""
    for line in held.values():
        if line.line_id and line.line_id == name:
            return line
    found = held.get(int(name)) if name.isascii() and name.isdigit() else None
    if found is None and name == "1" and set(held) == {0}:
        found = held[0]
    if found is None:
        known = [line.line_id or str(line.line_no) for line in held.values()]
        raise NoSuchLine(
            _("The order has no such line. It has: %(lines)s.")
            % {"lines": ", ".join(known)},
            field=f"lines.{place}.line",
        )
    return found


def _write(
    order: Order,
    told: Told,
    backs: Sequence[Back],
    pieces: Mapping[int, Decimal],
    *,
    digest: str,
    at: datetime,
) -> Order:
    zone = programme.settings_at(at=told.refunded_at).zone
    tender = sum(one.tender for one in backs)
    row = Order.objects.create(
        source=order.source,
        external_id=told.external_id,
        member_id=order.member_id,
        kind=OrderKind.REFUND,
        refund_of=order,
        placed_at=told.refunded_at,
        day=told.refunded_at.astimezone(zone).date(),
        amount_minor=sum(one.paid for one in backs),
        tender_minor=tender,
        tender_points=tenders.points_due(order, tender),
        currency=order.currency,
        channel=order.channel,
        store_id=order.store_id,
        content_hash=digest,
        created_at=at,
        updated_at=at,
    )
    lines = {line.line_no: line for line in OrderLine.objects.filter(order=order)}
    OrderLine.objects.bulk_create(
        OrderLine(
            order=row,
            line_no=one.line_no,
            sku=lines[one.line_no].sku if one.line_no in lines else "",
            category=lines[one.line_no].category if one.line_no in lines else "",
            quantity=pieces.get(one.line_no) or None,
            amount_minor=one.paid,
            tender_minor=one.tender,
        )
        for one in backs
        if one.total
    )
    return row


def _take_back(
    row: Order,
    key: str,
    earned: Transfer,
    backs: Sequence[Back],
    *,
    settings: Settings,
    actor: str,
    now: datetime,
) -> None:
    parts = {str(one.line_no): one.earned for one in backs if one.earned}
    if not parts:
        return
    done = returns.reverse(
        earning=earned,
        points=sum(parts.values()),
        reference=key,
        at=row.placed_at,
        now=now,
        settings=settings,
        parts=parts,
        actor=actor,
    )
    earning.give_back_budget(
        currency=earned.currency, points=done.taken + done.owed + done.uncollected
    )


def _answer(row: Order, order: Order, *, created: bool) -> Refunded:
    taken = earning.taken_back_by(refund=row, order=order)
    debt = Debt.objects.filter(transfer=taken).first() if taken else None
    return Refunded(
        refund=row,
        created=created,
        paid_minor=row.amount_minor,
        points_reversed=taken.points if taken else 0,
        points_restored=row.tender_points,
        debt=debt.points if debt else 0,
    )


def _digest(order: Order, told: Told) -> str:
    lines = [(one.line, one.amount_minor, str(one.quantity)) for one in told.lines]
    return rules.text_hash(
        [
            str(order.pk),
            told.refunded_at.isoformat(),
            repr(sorted(lines)),
            str(told.amount_minor),
        ]
    )
