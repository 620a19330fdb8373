"""An order and what has come back of it, added up from the rows themselves."""

from __future__ import annotations

from django.db.models import Sum

from loyalty.orders.models import Order, OrderLine
from loyalty.points.models import Transfer


class Bought:
    def __init__(self, order: Order, points: int) -> None:
        self.order = order
        self.points = points

    def lines(self) -> list[OrderLine]:
        return list(OrderLine.objects.filter(order=self.order).order_by("line_no"))

    def _sum(self, field: str) -> int:
        rows = Order.objects.filter(refund_of=self.order)
        return rows.aggregate(n=Sum(field))["n"] or 0

    def paid_left(self) -> int:
        return self.order.amount_minor - self._sum("amount_minor")

    def left(self) -> int:
        tender = self.order.tender_minor - self._sum("tender_minor")
        return self.paid_left() + tender

    def tender_points(self) -> int:
        return self.order.tender_points

    def taken_back(self) -> int:
        return self._undone(f"order:{self.order.pk}", ("reverse", "uncollected"))

    def given_back(self) -> int:
        return self._undone(f"tender:{self.order.pk}", ("restore",))

    def _undone(self, reference: str, kinds: tuple[str, ...]) -> int:
        rows = Transfer.objects.filter(reverses__reference=reference, kind__in=kinds)
        return rows.aggregate(n=Sum("points"))["n"] or 0

    def check(self) -> None:
        paid, whole = self._sum("amount_minor"), self.order.amount_minor
        tender = self._sum("tender_minor")
        assert 0 <= paid <= whole
        assert 0 <= tender <= self.order.tender_minor
        assert 0 <= self.taken_back() <= self.points
        given, spent = self.given_back(), self.order.tender_points
        assert 0 <= given <= spent
        if self.order.tender_minor:
            # In proportion to what they paid, less than a point a line apart.
            exact = spent * tender / self.order.tender_minor
            assert abs(given - exact) < 1 + len(self.lines())
        if self.left() == 0:
            assert self.taken_back() == self.points
            assert given == spent
