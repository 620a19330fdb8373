"""One member: who it is, what it is worth and why, and what it bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncMonth

from analytics.values.models import MemberValue, ValueRun
from loyalty.orders.enums import OrderKind
from loyalty.orders.models import Order
from members.profiles.models import Member

PAGE = 20
MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Orders and refunds, newest first; `older` is the place of the next page."""

    orders: list[Order]
    older: str


@dataclass(frozen=True, kw_only=True)
class MonthSpent:
    month: date
    net_minor: int
    orders: int


def members(*, store_ids: frozenset[int] | None) -> QuerySet[Member]:
    return (
        Member.objects.current()
        .in_stores(store_ids)
        .select_related("store")
        .prefetch_related("identifiers", "attributes", "labels", "consents")
    )


def place_of(text: str) -> int | None:
    """Read the place in the timeline, an order's id; anything else is the top."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def timeline(
    *, member: Member, store_ids: frozenset[int] | None, before: int | None
) -> Timeline:
    """Return a page of orders with lines and, of refunds, the order they refer to."""
    rows = member.orders.in_stores(store_ids)
    last = rows.filter(pk=before).first() if before else None
    if last is not None:
        rows = rows.filter(placed_at__lte=last.placed_at).exclude(
            placed_at=last.placed_at, pk__gte=last.pk
        )
    page = list(
        rows.select_related("store", "refund_of")
        .prefetch_related("lines")
        .order_by("-placed_at", "-pk")[: PAGE + 1]
    )
    shown = page[:PAGE]
    return Timeline(orders=shown, older=str(shown[-1].pk) if len(page) > PAGE else "")


def facts(
    *, member: Member, store_ids: frozenset[int] | None, at: datetime
) -> dict[str, Any]:
    """Return what the page says beside the orders: value, scores, months, consents.

    Value and scores are of all stores, as the retailer's tiers are; the months are
    drawn from orders one may see.
    """
    run = ValueRun.objects.current().first()
    value = MemberValue.objects.filter(member=member).first()
    return {
        "run": run,
        "value": value,
        "months": _months(
            member, store_ids=store_ids, until=run.as_of if run else at.date()
        ),
        "consents": _latest_consents(member),
        "labels": [one for one in member.labels.all() if one.until_at is None],
    }


def _months(
    member: Member, *, store_ids: frozenset[int] | None, until: date
) -> list[MonthSpent]:
    """Return net spend of the last twelve months, empty ones included."""
    first = _month_back(until.replace(day=1), MONTHS - 1)
    sums = (
        member.orders.in_stores(store_ids)
        .filter(day__gte=first, day__lte=until)
        .annotate(month=TruncMonth("day"))
        .values_list("month", "kind")
        .annotate(total=Sum("amount_minor"), rows=Count("pk"))
        .order_by()
    )
    net: dict[date, int] = {}
    orders: dict[date, int] = {}
    for month, kind, total, rows in sums:
        is_refund = kind == OrderKind.REFUND
        net[month] = net.get(month, 0) + (-total if is_refund else total)
        orders[month] = orders.get(month, 0) + (0 if is_refund else rows)
    months = [_month_back(until.replace(day=1), n) for n in range(MONTHS - 1, -1, -1)]
    return [
        MonthSpent(
            month=month, net_minor=net.get(month, 0), orders=orders.get(month, 0)
        )
        for month in months
    ]


def _month_back(month: date, n: int) -> date:
    index = month.year * 12 + month.month - 1 - n
    return date(index // 12, index % 12 + 1, 1)


def _latest_consents(member: Member) -> list[Any]:
    """Return the newest word on each channel and purpose."""
    newest: dict[tuple[str, str], Any] = {}
    for consent in sorted(member.consents.all(), key=lambda one: (one.at, one.pk)):
        newest[consent.channel, consent.purpose] = consent
    return [newest[key] for key in sorted(newest)]
