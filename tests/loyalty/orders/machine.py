"""Random histories of orders: bought, paid with points, and back again by any road."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from loyalty.orders import earning, refunds, services
from loyalty.orders.errors import Cancelled, Delivered, RefundExceedsOrder
from loyalty.orders.models import EarnBudget, OrderLine
from loyalty.orders.rules import Line
from loyalty.points import audit, queries
from loyalty.points.errors import InsufficientPoints
from loyalty.points.models import Transfer
from loyalty.points.services import adjust
from members.programme import rules as programme
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.orders.model import Bought

START = datetime(2026, 3, 20, 12, tzinfo=UTC)
FACTORS = {"tea": "2", "tobacco": "0", "rice": "1.25"}
picks = st.integers(0, 1000)
amounts = st.integers(0, 5_000)
carts = st.lists(
    st.tuples(amounts, st.sampled_from(["", "tea", "rice", "tobacco"]), st.booleans()),
    min_size=1,
    max_size=4,
)


class Orders(RuleBasedStateMachine):
    """One example is one transaction, rolled back at its end."""

    steps = 0
    histories = 0

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now = START
        self.member = factories.member()
        self.bought: list[Bought] = []
        self.count = 0

    def teardown(self) -> None:
        try:
            self.all_comes_back()
            found = audit.audit()
            assert found.broken == [], found.broken
        finally:
            type(self).histories += 1
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @initialize(
        policy=st.sampled_from(["own_then_debt", "not_below_zero", "pending_only"]),
        pending=st.sampled_from([0, 14]),
        per=st.sampled_from(["order", "line"]),
        base=st.sampled_from(["net_goods", "net_paid"]),
        total=st.sampled_from([None, 300]),
    )
    def begin(self, policy, pending, per, base, total):
        self.limited = total is not None
        values = {
            "time_zone": "Europe/Berlin",
            "clawback": policy,
            "pending_days": pending,
            "point_value": "0.01",
            "adjustment_approval_above": None,
            "earn": {
                "per": per,
                "base": base,
                "multipliers": FACTORS,
                "caps": {"total": total} if total else {},
            },
        }
        ProgrammeVersion.objects.create(
            number=2, settings=values, effective_from=None, created_at=factories.AT
        )
        self.settings = programme.parse(values, number=2)
        adjust(
            member_id=self.member.pk,
            points=5_000,
            reference=f"begin-{self.member.pk}",
            reason="",
            actor="",
            at=self.now,
            now=self.now,
            settings=self.settings,
        )

    @rule(hours=st.sampled_from([1, 24, 24 * 8, 24 * 20]))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    @rule(cart=carts, pays=st.sampled_from([0, 0, 1, 99, 1_500]), late=st.booleans())
    def buy(self, cart, pays, late):
        at = max(START, self.now - timedelta(days=3)) if late else self.now
        told = services.Told(
            source="external",
            external_id=self._key("o"),
            member_id=self.member.pk,
            placed_at=at,
            lines=[
                Line(amount_minor=minor, category=category, goods=goods)
                for minor, category, goods in cart
            ],
            points_redeemed=pays,
        )
        done = self._done(services.record, told=told)
        if done is None:
            return
        again = services.record(told=told, by=None, actor="", at=self.now)
        assert not again.created
        assert again.points_awarded == done.points_awarded
        self.bought.append(Bought(done.order, done.points_awarded))
        if not self.limited and pays == 0:
            assert done.points_awarded == self._naive(cart)

    def _naive(self, cart):
        """A point for each unit, by the factor of the category, rounded down."""
        earn = self.settings.earn
        weights = [
            Fraction(minor, 100) * Fraction(FACTORS.get(category, "1"))
            for minor, category, goods in cart
            if goods or earn.base == "net_paid"
        ]
        return sum(map(int, weights)) if earn.per == "line" else int(sum(weights))

    @precondition(lambda self: self.bought)
    @rule(pick=picks, share=st.integers(1, 100), late=st.booleans())
    def amount_comes_back(self, pick, share, late):
        one = self._one(pick)
        minor = max(1, one.left() * share // 100)
        self._back(one, late=late, amount_minor=minor)

    @precondition(lambda self: self.bought)
    @rule(pick=picks, line=st.integers(1, 4), share=st.integers(1, 100))
    def line_comes_back(self, pick, line, share):
        one = self._one(pick)
        there = {row.line_no: row for row in one.lines()}
        if line not in there:
            return
        total = there[line].amount_minor + there[line].tender_minor
        wanted = refunds.Wanted(line=str(line), amount_minor=total * share // 100)
        self._back(one, late=False, lines=(wanted,))

    @precondition(lambda self: self.bought)
    @rule(
        pick=picks,
        parts=st.lists(st.integers(1, 60), min_size=1, max_size=3),
        named=st.booleans(),
        days=st.integers(0, 5),
    )
    def file_tells_of_refunds(self, pick, parts, named, days):
        """Money alone, numbered by the file itself, in any order of their dates."""
        one = self._one(pick)
        written = []
        for place, part in enumerate(parts):
            minor = one.paid_left() * part // 100
            if minor == 0:
                continue
            at = max(one.order.placed_at, self.now - timedelta(days=days + place))
            row = factories.order(
                self.member,
                kind="refund",
                minor=minor,
                on=at.date(),
                placed_at=at,
                external_id=self._key("file"),
                refund_of=one.order,
            )
            if named:
                names = [line.category for line in one.lines()]
                OrderLine.objects.create(
                    order=row, line_no=1, category=names[-1], amount_minor=minor
                )
            written.append(row.pk)
        self._take_back(written)
        before = Transfer.objects.count()
        self._take_back([])
        assert Transfer.objects.count() == before

    def _take_back(self, ids):
        earning.take_back_many(
            refund_ids=ids, actor="", settings=self.settings, now=self.now
        )

    @precondition(lambda self: self.bought)
    @rule(pick=picks)
    def call_off(self, pick):
        one = self._one(pick)
        told = {"order_id": one.order.pk, "cancelled_at": self.now}
        self._done(refunds.cancel, **told)

    @precondition(lambda self: self.bought)
    @rule(pick=picks)
    def deliver(self, pick):
        try:
            with transaction.atomic():
                services.deliver(
                    order_id=self._one(pick).order.pk,
                    delivered_at=self.now,
                    at=self.now,
                )
        except Cancelled:
            return

    @invariant()
    def nothing_is_given_or_taken_twice(self):
        type(self).steps += 1
        for one in self.bought:
            one.check()

    def all_comes_back(self):
        """Whatever road the parts took, the rest makes them exactly the whole."""
        for one in self.bought:
            if one.left():
                self._back(one, late=False)
            assert one.left() == 0
            assert one.taken_back() == one.points
            assert one.given_back() == one.tender_points()
        if self.limited:
            # All came back, so all may be earned again.
            (used,) = EarnBudget.objects.values_list("used", flat=True) or (0,)
            assert used == 0
        account = queries.account_of(member_id=self.member.pk, currency="points")
        told = queries.balance(account=account, at=self.now, settings=self.settings)
        if self.settings.clawback == "own_then_debt":
            have = told.balance + told.pending - told.debt
            assert have == 5_000

    def _back(self, one, *, late, **what):
        at = max(one.order.placed_at, self.now - timedelta(days=2 if late else 0))
        told = refunds.Told(external_id=self._key("r"), refunded_at=at, **what)
        before = one.paid_left()
        done = self._done(refunds.refund, order_id=one.order.pk, told=told)
        if done is None:
            return
        assert 0 <= done.paid_minor <= before
        again = refunds.refund(
            order_id=one.order.pk, told=told, by=None, actor="", at=self.now
        )
        assert not again.created
        assert again.points_reversed == done.points_reversed

    def _done(self, call, **told):
        """What was done; None if it was refused for a reason that may be."""
        try:
            with transaction.atomic():
                return call(**told, by=None, actor="", at=self.now)
        except (InsufficientPoints, RefundExceedsOrder, Delivered):
            return None

    def _one(self, pick) -> Bought:
        found: Bought = self.bought[pick % len(self.bought)]
        return found

    def _key(self, what: str) -> str:
        self.count += 1
        return f"{what}-{self.member.pk}-{self.count}"
