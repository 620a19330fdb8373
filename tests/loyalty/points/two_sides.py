"""Two sides of one history: what both do, both refuse and both say after every step."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
)

from config.lib import periods
from loyalty.points import errors, kernel, postings, queries, rules
from loyalty.points.enums import Role, TransferKind
from members.programme import rules as programme
from tests import factories
from tests.loyalty.points import compared
from tests.loyalty.points.model import Refused
from tests.loyalty.points.world import (
    POLICIES,
    RATES,
    STARTS,
    World,
    begun,
)


class TwoSides(RuleBasedStateMachine):
    """One example is one transaction, rolled back at its end."""

    steps = 0
    histories = 0

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.people = [factories.member() for _ in range(2)]
        self.world = World()
        self.count = 0
        self.past: list[datetime] = []
        self.again: list[tuple[Any, dict[str, Any]]] = []

    def teardown(self) -> None:
        try:
            self._audited()
        finally:
            type(self).histories += 1
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def _audited(self) -> None:
        from loyalty.points import audit  # noqa: PLC0415  it is the machine's last word

        found = audit.audit()
        assert found.broken == [], found.broken

    @initialize(
        zone=st.sampled_from(sorted(STARTS)),
        season=st.integers(0, 1),
        policy=st.sampled_from(POLICIES),
        by=st.sampled_from(["lot", "lot", "inactivity"]),
        grace=st.sampled_from([0, 3]),
        lots=st.tuples(begun, begun),
    )
    def begin(self, zone, season, policy, by, grace, lots):
        self.now = STARTS[zone][season]
        self.settings = programme.parse(
            {
                "time_zone": zone,
                "clawback": policy,
                "expiry": {"months": 1, "by": by},
                "restore_grace_days": grace,
                "currencies": [
                    {"key": "points", "rates": {"stars": RATES["stars"]}},
                    {"key": "stars", "rates": {"points": RATES["points"]}},
                ],
            },
            number=2,
        )
        for who, own in enumerate(lots):
            for points, ago, wait, end in own:
                self.give(who, points, at=self.now - ago, wait=wait, end=end)

    def give(self, who, points, *, at, wait, end, kind=TransferKind.EARN):
        zone = self.settings.zone
        day = periods.day_of(at, zone)
        available = at
        if wait is None:
            available = None
        elif wait:
            available = periods.day_start(day + timedelta(days=wait), zone)
        rolling = self.settings.expiry.by == "inactivity"
        if end == "rule" or rolling:
            expires = rules.expires_at(occurred_at=at, settings=self.settings)
        elif end is None:
            expires = None
        else:
            expires = periods.day_end(day + timedelta(days=end), zone)
        terms = {"at": at, "now": self.now, "available_at": available}
        terms |= {"expires_at": expires, "rolling": rolling}
        posted = self._both(
            lambda: self.world.books[who].credit(points, kind=kind.value, **terms),
            postings.credit,
            kind=kind,
            role=Role.ISSUED,
            member_id=self.people[who].pk,
            points=points,
            currency="points",
            reference=self._key("earn"),
            digest=kernel.digest({"points": points}),
            version=2,
            **terms,
        )
        self._earned(who, posted)

    def part(self, who, share):
        """So much per cent of what a member has, one at least."""
        return max(1, self.world.books[who].now(self.now).available * share // 100)

    @invariant()
    def equal(self):
        type(self).steps += 1
        if self.past[-1:] != [self.now]:
            self.past.append(self.now)
        for key, books in (("points", self.world.books), ("stars", self.world.stars)):
            for who, book in enumerate(books):
                self._equal(who, key, book)

    def _equal(self, who, key, book):
        account = queries.account_of(member_id=self.people[who].pk, currency=key)
        told = queries.balance(account=account, at=self.now, settings=self.settings)
        assert compared.standing(told) == book.now(self.now), (who, key)
        if account is None:
            return
        for at, known in self._moments():
            then = queries.balance_then(
                account=account, at=at, known_at=known, settings=self.settings
            )
            where = (who, key, at, known)
            assert compared.standing(then) == book.then(at, known), where
            lines = queries.entries(
                account=account, limit=10_000, at=at, known_at=known
            )
            assert compared.statement(lines) == book.statement(at, known), where

    def _moments(self):
        """The present, and two moments of the past that move through it."""
        some = self.past[self.steps * 7 % len(self.past)]
        other = self.past[self.steps * 3 % len(self.past)]
        return [(self.now, self.now), (some, self.now), (min(some, other), other)]

    def _both(self, naive, call, *, repeatable=True, **told):
        """Do it on both sides; both do it, or both refuse for one reason."""
        before = copy.deepcopy(self.world)
        # The naive side runs on what is there, so that lines keep who they are.
        refusal = None
        line = None
        try:
            line = naive()
        except Refused as error:
            refusal = error.code
            self.world = before
        try:
            done = call(**told)
        except errors.PointsRefused as error:
            if error.code == refusal:
                return None
            raise
        assert refusal is None, refusal
        if repeatable:
            self.again.append((call, told))
        return line, done

    def _earned(self, who, posted):
        if posted:
            self.world.earnings.append((who, posted[0], posted[1].transfer_id))

    def _spent(self, who, posted):
        if posted:
            self.world.spendings.append((who, posted[0], posted[1].transfer_id))

    def _key(self, what: str) -> str:
        self.count += 1
        return f"{what}-{self.people[0].pk}-{self.count}"

    @staticmethod
    def _one(found, pick):
        return found[pick % len(found)]
