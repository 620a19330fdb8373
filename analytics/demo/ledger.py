"""The demo's points, month by month as they would have come about.

Orders earn and refunds take back by the same set-based path as imports; in between
members spend what they have. A month is one transaction and draws from a stream of its
own, so a run that was cut short goes on with the month it lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import Model

from analytics.demo import ending, queries, rules
from analytics.demo.queries import Begun
from analytics.demo.rules import Plan
from config.lib import periods
from loyalty.orders import earning
from loyalty.orders.models import Order
from loyalty.points import bulk, kernel, nightly
from loyalty.points.bulk import Redemption
from loyalty.points.models import Account, Allocation, Debt, Lot, Transfer
from loyalty.tiers import nightly as tiers
from loyalty.tiers.models import TierMembership
from members.audit import services as audit
from members.programme import queries as programme
from members.programme.rules import Settings

MODELS: Final[tuple[type[Model], ...]] = (
    Account,
    Transfer,
    Lot,
    Allocation,
    Debt,
    TierMembership,
)
ACTOR: Final = "demo"

_PURPOSE: Final = 3
# Orders in one call of the kernel.
_BATCH: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of the plan: local days from `first` until before `end`."""

    number: int
    first: date
    end: date
    settings: Settings

    @property
    def opens(self) -> datetime:
        return periods.day_start(self.first, self.settings.zone)

    @property
    def closes(self) -> datetime:
        return periods.day_start(self.end, self.settings.zone)


@transaction.atomic
def post(found: Begun, *, number: int, at: datetime) -> None:
    """Post one month; months come in their order, each once."""
    month = _month(found.plan, number, programme.settings_at(at=at))
    _spend(found, month)
    _earn(found, month)
    nightly.catch_up(now=month.closes)
    _tiers(found, month)
    if number == found.plan.months - 1:
        ending.post(found, at=month.closes, settings=month.settings)
    audit.record(
        actor=None,
        action=queries.POINTS,
        target=queries.TARGET,
        details={"month": number, "first_member": found.first_member},
        at=at,
    )


def _month(plan: Plan, number: int, settings: Settings) -> Month:
    # Both from the start: months of different length would drift one by one.
    first = rules.months_after(plan.start, number)
    end = rules.months_after(plan.start, number + 1)
    if number == plan.months - 1:
        end = plan.end + timedelta(days=1)
    return Month(number=number, first=first, end=end, settings=settings)


def _spend(found: Begun, month: Month) -> None:
    """Some of those who have enough spend most of it, in whole hundreds.

    Some who are about to return what they bought long ago spend all they have first:
    that is how debts come about.
    """
    having = kernel.run(
        _HAVING,
        {
            **_members(found),
            "opens": month.opens,
            "closes": month.closes,
        },
    )
    random = rules.stream(found.plan, block=month.number, purpose=_PURPOSE)
    size = len(having)
    free = np.array([row["free"] for row in having], dtype=np.int64)
    leaves = np.array([row["leaves"] for row in having], dtype=bool)
    chance = random.random(size)
    part = (free * random.uniform(*rules.REDEEM_PART, size)).astype(np.int64)
    day = random.integers(0, (month.end - month.first).days, size)
    second = random.integers(*rules.OPEN_SECONDS, size)
    points = np.where(leaves, free, part // 100 * 100)
    share = np.where(leaves, rules.LEAVING_SHARE, rules.REDEEM_SHARE)
    spends = (chance < share) & (leaves | (free >= rules.REDEEM_FROM))
    wanted = [
        Redemption(
            member_id=having[n]["member_id"],
            points=int(points[n]),
            reference=f"demo-{month.number}",
            at=_moment(month, 0 if leaves[n] else int(day[n]), int(second[n])),
        )
        for n in np.flatnonzero(spends)
    ]
    wanted.sort(key=lambda one: (one.at, one.member_id))
    if wanted:
        bulk.redeem_many(
            redemptions=wanted, actor=ACTOR, settings=month.settings, now=None
        )


def _moment(month: Month, day: int, second: int) -> datetime:
    start = periods.day_start(month.first + timedelta(days=day), month.settings.zone)
    return start + timedelta(seconds=second)


def _earn(found: Begun, month: Month) -> None:
    own = Order.objects.filter(
        source=rules.SOURCE,
        member_id__gte=found.first_member,
        member_id__lt=found.first_member + found.plan.members,
        day__gte=month.first,
        day__lt=month.end,
    )
    orders = list(own.orders().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(orders), _BATCH):
        earning.earn_many(
            order_ids=orders[start : start + _BATCH], actor=ACTOR, now=month.closes
        )
    refunds = own.refunds().filter(refund_of__isnull=False).order_by("pk")
    earning.take_back_many(
        refund_ids=list(refunds.values_list("pk", flat=True)),
        actor=ACTOR,
        settings=month.settings,
        now=month.closes,
    )


def _tiers(found: Begun, month: Month) -> None:
    """The night that ends the month moves whoever bought in it, or whose time is over.

    Tills lift at once; here a tier reached in a month holds from its end on.
    """
    buyers = kernel.run(_BUYERS, {**_members(found), **_days(month)})
    due = tiers.due(as_of=month.closes, settings=month.settings)
    wanted = {row["member_id"] for row in buyers}.union(*due)
    tiers.sweep(
        member_ids=[sorted(wanted)], as_of=month.closes, settings=month.settings
    )


def _days(month: Month) -> dict[str, Any]:
    return {"first_day": month.first, "end_day": month.end}


_BUYERS = """
SELECT DISTINCT member_id FROM loyalty_order
 WHERE member_id >= %(first)s AND member_id < %(after)s
   AND day >= %(first_day)s AND day < %(end_day)s
"""


def _members(found: Begun) -> dict[str, Any]:
    return {
        "first": found.first_member,
        "after": found.first_member + found.plan.members,
    }


# What lies ready all month long: nobody is promised points that end before they go.
# Who leaves returns, after the first day, an order that was there before the month.
_HAVING = """
SELECT a.member_id, sum(l.remaining - l.held)::bigint AS free,
       EXISTS (SELECT 1 FROM loyalty_order r JOIN loyalty_order o ON o.id = r.refund_of_id
                WHERE r.member_id = a.member_id AND r.placed_at < %(closes)s
                  AND r.placed_at >= %(opens)s + interval '1 day'
                  AND o.placed_at < %(opens)s - interval '14 days') AS leaves
  FROM loyalty_account a JOIN loyalty_lot l ON l.account_id = a.id
 WHERE a.member_id >= %(first)s AND a.member_id < %(after)s AND a.debt = 0
   AND l.remaining > l.held AND l.available_at <= %(opens)s
   AND (l.expires_at IS NULL OR l.expires_at > %(closes)s)
 GROUP BY a.member_id ORDER BY a.member_id
"""
