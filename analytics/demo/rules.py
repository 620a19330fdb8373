"""What is asked of the simulation, when its stories happen, how large each effect is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np

NAME: Final = "Spring & Oak 春栎生活"
TIME_ZONE: Final = "Asia/Shanghai"
CURRENCY: Final = "CNY"
# Marks every row the demo wrote.
SOURCE: Final = "demo"

# Members of one block share a random stream and a transaction: large enough for COPY
# and numpy, small enough that a kill loses about a second of work.
BLOCK: Final = 2_000
MAX_MEMBERS: Final = 5_000_000
MAX_MONTHS: Final = 120

# One purchase in 40 days while active, a lifetime of some ten months: the spread of
# both is what makes some members loyal and most of them not.
RATE_A_DAY: Final = 1 / 40
RATE_SHAPE: Final = 1.1
LIFETIME_SHAPE: Final = 0.9
LIFETIME_SCALE_DAYS: Final = 220.0
# Spend of an order: gamma around a level of the member's own, that gamma-distributed.
SPEND_SHAPE: Final = 4.0
LEVEL_SHAPE: Final = 3.5
MEAN_SPEND: Final = 240.0

SHARE_FIRST_ON_JOINING: Final = 0.70
SHARE_NEVER_BUYING: Final = 0.04
FIRST_ORDER_DELAY_DAYS: Final = 20.0

REFUND_SHARE: Final = 0.055
REFUND_SHARE_IN_STORE: Final = 0.26
SHARE_FULL_REFUND: Final = 0.60
SHARE_UNLINKED_REFUND: Final = 0.08
REFUND_DELAY_BEFORE: Final = 12.0
REFUND_DELAY_AFTER: Final = 4.0

# The stories' sizes. They are what is put in, not what a page must show: chance,
# dropout and the season lie on top.
REPURCHASE_UPLIFT: Final = 1.35
TIERING_RATE: Final = 1.15
TIERING_LIFETIME: Final = 2.2
SILENT_SHARE: Final = 0.03
SILENT_LEVEL: Final = 3.0
SILENT_DAYS: Final = (75, 170)
PROMOTION_JOINS: Final = 2.5
PROMOTION_SHARE: Final = 0.85
PROMOTION_RATE: Final = 0.35
PROMOTION_LIFETIME: Final = 0.35

# Of the members who have a reward's worth, so many spend in a month, most of it, while
# shops are open.
REDEEM_FROM: Final = 500
REDEEM_SHARE: Final = 0.12
REDEEM_PART: Final = (0.5, 1.0)
LEAVING_SHARE: Final = 0.5
OPEN_SECONDS: Final = (9 * 3600, 21 * 3600)
HOLDS: Final = 12
HOLD_POINTS: Final = 300
ADJUSTMENTS: Final = 24


class Unusable(ValueError):
    """The arguments ask for what cannot be simulated; the text says what can."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to simulate. Equal plans give equal data; `end` is the last day with orders.

    The window is `months` calendar months up to and including `end`. The random draws
    depend on the seed alone, the seasons on the calendar.
    """

    members: int
    months: int
    seed: int
    end: date
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.members <= MAX_MEMBERS:
            raise Unusable(f"--members takes 1 to {MAX_MEMBERS}")
        if not 1 <= self.months <= MAX_MONTHS:
            raise Unusable(f"--months takes 1 to {MAX_MONTHS}")
        if not 0 <= self.seed < 2**64:
            raise Unusable("--seed takes a whole number from 0 to 2^64 - 1")
        if not 2000 <= self.end.year <= 2199:
            raise Unusable("--end takes a day from 2000 to 2199")

    @cached_property
    def start(self) -> date:
        return months_before(self.end + timedelta(days=1), self.months)

    @cached_property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def blocks(self) -> int:
        return -(-self.members // BLOCK)

    def size_of(self, block: int) -> int:
        return min(BLOCK, self.members - block * BLOCK)

    def month(self, number: int) -> date:
        """Return the first day of the month that is `number` months into the window."""
        return months_after(self.start.replace(day=1), number)

    def offset(self, day: date) -> int:
        return (day - self.start).days

    @cached_property
    def stories(self) -> Stories:
        return Stories(
            promotion=self.month(max(1, round(self.months * 0.30))),
            simpler_refunds=self.month(max(1, round(self.months * 0.50))),
            tiering=self.month(max(1, round(self.months * 0.60))),
        )


def earning(plan: Plan) -> dict[str, Any]:
    """Return the retailer's rule of earning: a point a yuan, double around 11.11."""
    years = range(plan.start.year, plan.end.year + 1)
    return {
        "points": 1,
        "per_amount": "1",
        "bonuses": [
            {
                "name": f"11.11 {year}",
                "from": f"{year}-11-09",
                "to": f"{year}-11-11",
                "multiplier": "2",
            }
            for year in years
        ],
        "events": {"birthday": 100, "sign_up": 50},
    }


def tiers() -> list[dict[str, Any]]:
    """Return the retailer's tiers: about one buyer in three is Silver, one in ten Gold.

    Names are the shop's own and stand in both languages, as its own name does.
    """
    return [
        {
            "key": "status",
            "name": "Status 会员等级",
            "grace_days": 30,
            "tiers": [
                {"key": "member", "name": "Member 普通会员"},
                {
                    "key": "silver",
                    "name": "Silver 银卡",
                    "threshold": 2000,
                    "multiplier": "1.2",
                    "benefits": ["Free delivery 免运费"],
                },
                {
                    "key": "gold",
                    "name": "Gold 金卡",
                    "threshold": 6000,
                    "multiplier": "1.5",
                    "benefits": [
                        "Free delivery 免运费",
                        "First look at the sale 优先选购",
                    ],
                },
            ],
        }
    ]


@dataclass(frozen=True, kw_only=True)
class Stories:
    """The first day of the month in which each planted story begins."""

    promotion: date
    simpler_refunds: date
    tiering: date


def stream(plan: Plan, *, block: int, purpose: int) -> np.random.Generator:
    """Return the block's own random numbers, whatever was drawn before elsewhere."""
    sequence = np.random.SeedSequence(entropy=plan.seed, spawn_key=(block, purpose))
    return np.random.Generator(np.random.PCG64(sequence))


def months_before(day: date, months: int) -> date:
    return months_after(day, -months)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months on, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)
