"""Writes of orders: one at a time for tills and staff, and the undo of a load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from loyalty.orders import rules, statements
from loyalty.orders.enums import OrderKind
from loyalty.orders.models import ChangedMonth, Order, OrderLine
from loyalty.orders.rules import Line
from members.access.models import Store, User
from members.audit import services as audit
from members.imports.kinds import Undone
from members.imports.models import ImportBatch
from members.profiles import services as profiles
from members.profiles.models import ChangedMember, Member
from members.programme import queries as programme


class Future(DomainError):
    code = "future"
    message = gettext_lazy("The time lies in the future.")


class WrongCurrency(DomainError):
    code = "currency"
    message = gettext_lazy("The programme has another currency.")


class NegativeAmount(DomainError):
    code = "negative_amount"
    message = gettext_lazy("An amount is not negative; give a refund instead.")


class ExternalIdConflict(DomainError):
    code = "external_id_conflict"
    message = gettext_lazy("This source has used the number for something else.")


class NotAnOrder(DomainError):
    code = "not_an_order"
    message = gettext_lazy("Only an order can be refunded.")


class RefundExceedsOrder(DomainError):
    code = "refund_exceeds_order"
    message = gettext_lazy("Refunds would be more than the order.")


class BuiltOn(DomainError):
    code = "built_on"
    message = gettext_lazy(
        "Refunds that came later belong to orders of this load; undo those first."
    )


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The order, and whether this call made it or met it again."""

    order: Order
    created: bool


@transaction.atomic
def record(
    *,
    source: str,
    external_id: str,
    member_id: int,
    placed_at: datetime,
    lines: Sequence[Line],
    by: User | None,
    at: datetime,
    currency: str | None = None,
    channel: str = "",
    store: str = "",
) -> Recorded:
    """Record one order; the same again is met, not made (`created` is False).

    Raises `Future`, `WrongCurrency`, `NegativeAmount`, or `ExternalIdConflict` if
    the source used the number for other content.
    """
    return _write(
        kind=OrderKind.ORDER,
        source=source,
        external_id=external_id,
        member_id=member_id,
        placed_at=placed_at,
        lines=lines,
        currency=currency,
        channel=channel,
        store=store,
        refund_of=None,
        by=by,
        at=at,
    )


@transaction.atomic
def refund(
    *,
    source: str,
    external_id: str,
    refunded_at: datetime,
    lines: Sequence[Line],
    by: User | None,
    at: datetime,
    order_id: int | None = None,
    member_id: int | None = None,
    currency: str | None = None,
    channel: str = "",
    store: str = "",
) -> Recorded:
    """Record one refund, of an order (`order_id`) or of a member without naming one.

    Raises as `record`, and `NotAnOrder` or `RefundExceedsOrder`: the refunds of an
    order are together at most the order.
    """
    target = None
    if order_id is not None:
        # The order's row is the lock: two refunds of it take turns.
        target = Order.objects.select_for_update().get(pk=order_id)
        if target.kind != OrderKind.ORDER:
            raise NotAnOrder()
        member_id = target.member_id
    if member_id is None:
        raise ValueError("a refund belongs to an order or to a member")
    recorded = _write(
        kind=OrderKind.REFUND,
        source=source,
        external_id=external_id,
        member_id=member_id,
        placed_at=refunded_at,
        lines=lines,
        currency=currency,
        channel=channel,
        store=store,
        refund_of=target,
        by=by,
        at=at,
    )
    if target is not None and _refunded(target) > target.amount_minor:
        raise RefundExceedsOrder(field="amount")
    return recorded


def undo_batch(*, batch: ImportBatch, at: datetime) -> Undone:
    """Remove the orders a load created and nobody changed since, with its members.

    Members it created go if nothing else is known of them. Raises `BuiltOn` if a
    refund that came otherwise belongs to one of the orders. Call it inside a
    transaction that holds the batch.
    """
    told = {"batch": batch.pk}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_undo")
        cursor.execute(statements.UNDO_ORDERS, told)
        cursor.execute(statements.UNDO_BUILT_ON)
        if cursor.fetchone() is not None:
            raise BuiltOn()
        cursor.execute(statements.UNDO_MARK_MEMBERS)
        cursor.execute(statements.UNDO_MARK_MONTHS)
        cursor.execute(statements.UNDO_LINES)
        cursor.execute(statements.UNDO_DELETE)
        removed = int(cursor.rowcount)
        cursor.execute(statements.REFRESH.format(members=statements.UNDO_MEMBERS))
        cursor.execute("DROP TABLE import_undo")
        kept = Order.objects.filter(batch=batch).count()
    members = profiles.remove_created(batch=batch)
    return Undone(removed=removed, members_removed=members, kept=kept)


def refresh_member_days(*, member_ids: Iterable[int]) -> None:
    """Set first and last order of members anew from their orders."""
    for member_id in sorted(set(member_ids)):
        found = Order.objects.filter(member_id=member_id).orders()
        days = found.aggregate(first=Min("placed_at"), last=Max("placed_at"))
        Member.objects.filter(pk=member_id).update(
            first_order_at=days["first"], last_order_at=days["last"]
        )


def _write(
    *,
    kind: OrderKind,
    source: str,
    external_id: str,
    member_id: int,
    placed_at: datetime,
    lines: Sequence[Line],
    currency: str | None,
    channel: str,
    store: str,
    refund_of: Order | None,
    by: User | None,
    at: datetime,
) -> Recorded:
    settings = programme.settings_at(at=at)
    _check(placed_at, lines, currency or settings.currency, settings.currency, at)
    amount = sum(one.amount_minor for one in lines)
    margin = _margin(lines)
    named = _named(lines)
    digest = rules.content_hash(
        kind=kind,
        placed_at=placed_at,
        amount_minor=amount,
        margin_minor=margin,
        channel=channel,
        store=store,
        refund_of=refund_of.external_id if refund_of else "",
        lines=named,
    )
    order, created = Order.objects.get_or_create(
        source=source,
        external_id=external_id,
        defaults={
            "member_id": member_id,
            "kind": kind,
            "refund_of": refund_of,
            "placed_at": placed_at,
            "day": placed_at.astimezone(settings.zone).date(),
            "amount_minor": amount,
            "margin_minor": margin,
            "currency": settings.currency,
            "channel": channel,
            "store": _store(store),
            "content_hash": digest,
            "created_at": at,
            "updated_at": at,
        },
    )
    if not created:
        if (order.content_hash, order.member_id) != (digest, member_id):
            raise ExternalIdConflict(field="external_id")
        return Recorded(order=order, created=False)
    _write_lines(order, named)
    _mark(order)
    _audit(order, by=by, at=at)
    return Recorded(order=order, created=True)


def _audit(order: Order, *, by: User | None, at: datetime) -> None:
    audit.record(
        actor=by,
        action=f"orders.{order.kind}",
        target=f"Order:{order.pk}",
        details={"source": order.source},
        at=at,
    )


def _margin(lines: Sequence[Line]) -> int | None:
    margins = [one.margin_minor for one in lines if one.margin_minor is not None]
    return sum(margins) if margins else None


def _named(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that say more than an amount."""
    return [one for one in lines if one.sku or one.category or one.quantity is not None]


def _check(
    placed_at: datetime, lines: Sequence[Line], currency: str, own: str, at: datetime
) -> None:
    if placed_at > at:
        raise Future(field="placed_at")
    if currency.upper() != own:
        raise WrongCurrency(field="currency")
    if any(line.amount_minor < 0 for line in lines):
        raise NegativeAmount(field="amount")


def _store(code: str) -> Store | None:
    if not code:
        return None
    return Store.objects.get_or_create(code=code)[0]


def _write_lines(order: Order, lines: Sequence[Line]) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            line_no=number,
            sku=line.sku,
            category=line.category,
            quantity=line.quantity,
            amount_minor=line.amount_minor,
            margin_minor=line.margin_minor,
        )
        for number, line in enumerate(lines, start=1)
    )


def _mark(order: Order) -> None:
    ChangedMember.objects.create(member_id=order.member_id)
    ChangedMonth.objects.create(month=order.day.replace(day=1))
    if order.kind == OrderKind.ORDER:
        refresh_member_days(member_ids=[order.member_id])


def _refunded(order: Order) -> int:
    total = Order.objects.filter(refund_of=order).aggregate(sum=Sum("amount_minor"))
    return int(total["sum"] or 0)
