"""Random histories on the kernel and on the naive books, compared after every step."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from config.lib import periods
from loyalty.points import errors, nightly, postings, returns, rules, services
from loyalty.points.enums import TransferKind
from loyalty.points.models import Transfer
from tests.loyalty.points import model
from tests.loyalty.points.two_sides import TwoSides
from tests.loyalty.points.world import (
    RATES,
    SECOND,
    amounts,
    ends,
    late,
    members,
    picks,
    shares,
    waits,
)


class Books(TwoSides):
    """What people do and time does, in any order."""

    steps = 0
    histories = 0

    # The clock.

    @rule(
        step=st.sampled_from(
            [
                timedelta(minutes=1),
                timedelta(hours=1),
                timedelta(hours=24),
                timedelta(hours=60),
                timedelta(days=6),
            ]
        )
    )
    def wait(self, step):
        self.now += step

    @rule(before=st.booleans(), days=st.integers(1, 3))
    def midnight(self, before, days):
        """The first instant of a local day, or the last before it."""
        zone = self.settings.zone
        day = periods.day_of(self.now, zone) + timedelta(days=days)
        self.now = periods.day_start(day, zone) - (SECOND if before else 0 * SECOND)

    # Giving.

    @rule(
        who=members,
        points=amounts,
        late=late,
        wait=waits,
        end=ends,
        kind=st.sampled_from([TransferKind.EARN, TransferKind.EVENT]),
    )
    def earn(self, who, points, late, wait, end, kind):
        self.give(who, points, at=self.now - late, wait=wait, end=end, kind=kind)

    @rule(who=members, share=shares, late=late, take=st.booleans())
    def adjust(self, who, share, late, take):
        points = self.part(who, share)
        at = self.now - late
        book = self.world.books[who]
        rolling = self.settings.expiry.by == "inactivity"

        def naive():
            if take:
                return book.spend(points, kind="adjust", at=at, now=self.now)
            return book.credit(
                points,
                kind="adjust",
                at=at,
                now=self.now,
                available_at=at,
                expires_at=rules.expires_at(occurred_at=at, settings=self.settings),
                rolling=rolling,
            )

        posted = self._both(
            naive,
            services.adjust,
            member_id=self.people[who].pk,
            points=-points if take else points,
            reference=self._key("adjust"),
            reason="",
            actor="",
            at=at,
            now=self.now,
            settings=self.settings,
        )
        if take:
            self._spent(who, posted)
        else:
            self._earned(who, posted)

    @precondition(lambda self: self.world.earnings)
    @rule(pick=picks)
    def deliver(self, pick):
        who, line, transfer = self._one(self.world.earnings, pick)
        book = self.world.books[who]
        for lot in line.lots:
            sooner = max(self.now, lot.earned_at)
            if lot.available_at is None or lot.available_at > sooner:
                lot.available_at = sooner
        book.advance(self.now)
        returns.activate(earning=Transfer(pk=transfer), at=self.now, now=self.now)

    # Taking.

    @rule(who=members, share=shares, late=late)
    def redeem(self, who, share, late):
        points = self.part(who, share)
        at = self.now - late
        until = postings.rolling_until(at, self.settings)
        posted = self._both(
            lambda: self.world.books[who].spend(
                points, kind="redeem", at=at, now=self.now, until=until
            ),
            services.redeem,
            member_id=self.people[who].pk,
            points=points,
            reference=self._key("redeem"),
            actor="",
            at=at,
            now=self.now,
            settings=self.settings,
        )
        self._spent(who, posted)

    @rule(who=members, share=shares, hours=st.sampled_from([1, 24, 24 * 4]))
    def hold(self, who, share, hours):
        points = self.part(who, share)
        ends = self.now + timedelta(hours=hours)
        posted = self._both(
            lambda: self.world.books[who].hold(points, now=self.now, expires_at=ends),
            services.hold,
            member_id=self.people[who].pk,
            points=points,
            reference=self._key("hold"),
            expires_at=ends,
            now=self.now,
            settings=self.settings,
        )
        if posted:
            self.world.holds.append((who, posted[0], posted[1].hold_id))

    @precondition(lambda self: self.world.holds)
    @rule(pick=picks, part=st.sampled_from([None, 1, 7, 60, 200]))
    def capture(self, pick, part):
        who, hold, hold_id = self._one(self.world.holds, pick)
        until = postings.rolling_until(self.now, self.settings)
        book = self.world.books[who]
        posted = self._both(
            lambda: book.resolve(hold, part, now=self.now, until=until),
            services.capture,
            hold_id=hold_id,
            points=part,
            actor="",
            now=self.now,
            settings=self.settings,
            repeatable=False,
        )
        if posted:
            line, transfer = posted
            self.world.spendings.append((who, line, transfer.pk))

    @precondition(lambda self: self.world.holds)
    @rule(pick=picks)
    def release(self, pick):
        who, hold, hold_id = self._one(self.world.holds, pick)
        book = self.world.books[who]
        self._both(
            lambda: book.resolve(hold, 0, now=self.now, until=None),
            services.release,
            hold_id=hold_id,
            actor="",
            now=self.now,
            settings=self.settings,
            repeatable=False,
        )

    @rule(who=members, share=shares)
    def transfer(self, who, share):
        to, points = 1 - who, self.part(who, share)
        self._both(
            lambda: model.hand_over(
                self.world.books[who], self.world.books[to], points, now=self.now
            ),
            services.transfer,
            from_member_id=self.people[who].pk,
            to_member_id=self.people[to].pk,
            points=points,
            reference=self._key("transfer"),
            actor="",
            now=self.now,
            settings=self.settings,
        )

    @rule(who=members, share=shares, back=st.booleans())
    def convert(self, who, share, back):
        source, target = ("stars", "points") if back else ("points", "stars")
        books = {"points": self.world.books[who], "stars": self.world.stars[who]}
        points = max(1, books[source].now(self.now).available * share // 100)
        self._both(
            lambda: model.convert(
                books[source],
                books[target],
                points,
                Fraction(RATES[target]),
                now=self.now,
                until=postings.rolling_until(self.now, self.settings),
            ),
            services.convert,
            member_id=self.people[who].pk,
            points=points,
            from_currency=source,
            to_currency=target,
            reference=self._key("convert"),
            actor="",
            now=self.now,
            settings=self.settings,
        )

    # Back again.

    @precondition(lambda self: self.world.earnings)
    @rule(pick=picks, part=st.sampled_from([None, None, 1, 10, 50]), late=late)
    def reverse(self, pick, part, late):
        who, line, transfer = self._one(self.world.earnings, pick)
        points = part or line.points
        at, policy = self.now - late, self.settings.clawback
        book = self.world.books[who]
        posted = self._both(
            lambda: book.reverse(line, points, policy, at=at, now=self.now),
            returns.reverse,
            earning=Transfer(pk=transfer),
            points=points,
            reference=self._key("reverse"),
            at=at,
            now=self.now,
            settings=self.settings,
        )
        if posted:
            taken, done = posted
            assert taken == (done.taken, done.owed, done.uncollected)

    @precondition(lambda self: self.world.spendings)
    @rule(pick=picks, part=st.sampled_from([None, None, 1, 10, 50]), late=late)
    def restore(self, pick, part, late):
        who, line, transfer = self._one(self.world.spendings, pick)
        points = part or -line.points
        at = self.now - late
        grace = rules.grace_until(at=at, settings=self.settings)
        book = self.world.books[who]
        self._both(
            lambda: book.restore(line, points, at=at, now=self.now, grace=grace),
            returns.restore,
            redemption=Transfer(pk=transfer),
            points=points,
            reference=self._key("restore"),
            at=at,
            now=self.now,
            settings=self.settings,
        )

    @precondition(lambda self: any(book.owed() for book in self.world.books))
    @rule(who=members, share=shares)
    def write_off(self, who, share):
        points = max(1, self.world.books[who].owed() * share // 100)
        self._both(
            lambda: self.world.books[who].write_off(points, now=self.now),
            services.write_off,
            member_id=self.people[who].pk,
            points=points,
            reference=self._key("write_off"),
            reason="",
            actor="",
            now=self.now,
            settings=self.settings,
        )

    @rule()
    def night(self):
        nightly.catch_up(now=self.now, batch=2)
        for book in [*self.world.books, *self.world.stars]:
            book.advance(self.now)

    @precondition(lambda self: self.again)
    @rule(pick=picks)
    def retry(self, pick):
        """The same again changes nothing; something else under its name is refused."""
        call, told = self._one(self.again, pick)
        again = {**told, "now": self.now}
        if call in (services.redeem, services.adjust) and told["at"] == told["now"]:
            # Nobody said when: each time it is the present.
            again["at"] = self.now
        assert call(**again).replayed
        more = 1 if told["points"] > 0 else -1
        other = {**again, "points": told["points"] + more}
        if call is postings.credit:
            other["digest"] = "another"
        try:
            call(**other)
        except errors.ReferenceConflict:
            return
        raise AssertionError("another payload under one reference was not refused")
