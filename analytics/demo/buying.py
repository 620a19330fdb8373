"""Who joins when, how often they buy, and when they stop: pure arithmetic on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analytics.demo import catalogue, rules, seasons
from analytics.demo.rules import Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PURPOSE = 1


@dataclass(frozen=True, kw_only=True)
class World:
    """What all blocks of a plan share. Days count from the start of the window.

    `busy[pilot]` is the running sum of how busy the days are, with a leading 0: time
    as purchases see it, for stores without and with tiers.
    """

    joining: Floats
    busy: tuple[Floats, Floats]
    festival: Bools
    promotion: tuple[int, int]
    simpler_refunds: int
    tiering: int


@dataclass(frozen=True, kw_only=True)
class Buyers:
    """The members of a block, one entry each. `store` -1: no home store.

    `first` is the day of the first order, `days` or more where there is none; `last`
    the first day on which the member is gone. `level` is the mean spend of an order.
    """

    joined: Ints
    first: Ints
    last: Floats
    rate: Floats
    level: Floats
    store: Ints
    online: Floats
    acquisition: Ints
    pilot: Bools
    silent: Bools
    promoted: Bools


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """Orders of a block, one entry each, in the order they were placed."""

    member: Ints
    day: Ints
    second: Ints
    channel: Ints
    store: Ints
    amount: Ints


@lru_cache(maxsize=4)
def world(plan: Plan) -> World:
    days = plan.days
    season = seasons.weights(start=plan.start, days=days)
    day = np.arange(days)
    # A launch wave in the stores, then a steady stream.
    joining = (1 + 2.4 * np.exp(-day / 50)) * season**0.6
    start = plan.offset(plan.stories.promotion)
    stop = min(start + 30, days)
    joining[start:stop] *= rules.PROMOTION_JOINS
    refunds = plan.offset(plan.stories.simpler_refunds)
    tiering = plan.offset(plan.stories.tiering)
    season = season * np.where(day >= refunds, rules.REPURCHASE_UPLIFT, 1.0)
    piloted = season * np.where(day >= tiering, rules.TIERING_RATE, 1.0)
    return World(
        joining=np.cumsum(joining) / joining.sum(),
        busy=(_running(season), _running(piloted)),
        festival=seasons.is_festival(start=plan.start, days=days),
        promotion=(start, stop),
        simpler_refunds=refunds,
        tiering=tiering,
    )


def buyers(plan: Plan, *, block: int, random: np.random.Generator) -> Buyers:
    size = plan.size_of(block)
    around = world(plan)
    joined = np.searchsorted(around.joining, random.random(size), side="right")
    joined = np.minimum(joined, plan.days - 1)
    store = _home_stores(random, size)
    pilot = np.isin(store, catalogue.TIERING_STORES)
    promoted = (
        (joined >= around.promotion[0])
        & (joined < around.promotion[1])
        & (random.random(size) < rules.PROMOTION_SHARE)
    )
    silent = (random.random(size) < rules.SILENT_SHARE) & (
        joined < plan.days - rules.SILENT_DAYS[1] - 120
    )
    silent &= ~promoted
    rate = random.gamma(rules.RATE_SHAPE, 1 / rules.RATE_SHAPE, size)
    rate *= rules.RATE_A_DAY * plan.rate
    rate = np.where(promoted, rate * rules.PROMOTION_RATE, rate)
    # The silent bought at least every three weeks, so that their silence tells.
    rate = np.where(silent, np.maximum(rate, 1 / 21), rate)
    spread = random.gamma(rules.LEVEL_SHAPE, 1.0, size)
    level = rules.MEAN_SPEND * (rules.LEVEL_SHAPE - 1) / spread
    level = np.where(silent, level * rules.SILENT_LEVEL, level)
    acquisition = random.choice(
        len(catalogue.ACQUISITION), size, p=catalogue.ACQUISITION_SHARES
    )
    return Buyers(
        joined=joined,
        first=_first_days(random, joined, plan.days),
        last=_last_days(plan, random, joined, pilot, silent, promoted),
        rate=rate,
        level=level,
        store=store,
        online=np.where(store < 0, 1.0, random.beta(1.2, 2.4, size)),
        acquisition=np.where(promoted, catalogue.PROMOTION, acquisition),
        pilot=pilot,
        silent=silent,
        promoted=promoted,
    )


def purchases(
    plan: Plan, *, who: Buyers, random: np.random.Generator, minor: int
) -> Purchases:
    """Return first and repeat orders; `minor` is how many minor units make one."""
    member, day = _days_of_orders(plan, who, random)
    second = _seconds(random, len(day))
    order = np.lexsort((member, second, day))
    member, day, second = member[order], day[order], second[order]
    online = random.random(len(day)) < who.online[member]
    away = random.random(len(day)) < 0.12
    elsewhere = _stores(random, len(day))
    store = np.where(away | (who.store[member] < 0), elsewhere, who.store[member])
    channel = 1 + random.choice(
        len(catalogue.ONLINE_SHARES), len(day), p=catalogue.ONLINE_SHARES
    )
    amount = who.level[member] / rules.SPEND_SHAPE
    amount = amount * random.gamma(rules.SPEND_SHAPE, 1.0, len(day))
    amount *= np.where(world(plan).festival[day], 1.25, 1.0)
    return Purchases(
        member=member,
        day=day,
        second=second,
        channel=np.where(online, channel, 0),
        store=np.where(online, -1, store),
        amount=np.rint(np.clip(amount, 5.0, 50_000.0) * minor).astype(np.int64),
    )


def random_of(plan: Plan, *, block: int) -> np.random.Generator:
    return rules.stream(plan, block=block, purpose=_PURPOSE)


def _running(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _stores(random: np.random.Generator, size: int) -> Ints:
    shares = catalogue.STORE_SHARES / catalogue.STORE_SHARES.sum()
    return random.choice(len(shares), size, p=shares)


def _home_stores(random: np.random.Generator, size: int) -> Ints:
    return np.where(random.random(size) < 0.12, -1, _stores(random, size))


def _first_days(random: np.random.Generator, joined: Ints, days: int) -> Ints:
    kind = random.random(len(joined))
    delay = 1 + random.exponential(rules.FIRST_ORDER_DELAY_DAYS, len(joined))
    first = joined + np.where(kind < rules.SHARE_FIRST_ON_JOINING, 0, delay)
    never = kind >= 1 - rules.SHARE_NEVER_BUYING
    return np.where(never, days, first).astype(np.int64)


def _last_days(
    plan: Plan,
    random: np.random.Generator,
    joined: Ints,
    pilot: Bools,
    silent: Bools,
    promoted: Bools,
) -> Floats:
    """Dropout with a hazard of the member's own; tiers stretch what is left of it."""
    size = len(joined)
    hazard = random.gamma(rules.LIFETIME_SHAPE, 1 / rules.LIFETIME_SCALE_DAYS, size)
    lifetime = random.exponential(1.0, size) / np.maximum(hazard, 1e-9)
    lifetime = np.where(promoted, lifetime * rules.PROMOTION_LIFETIME, lifetime)
    last = joined + np.minimum(lifetime, 4.0 * plan.days)
    since = np.maximum(joined, world(plan).tiering)
    stretched = since + (last - since) * rules.TIERING_LIFETIME
    last = np.where(pilot & (last > since), stretched, last)
    quiet = plan.days - random.uniform(*rules.SILENT_DAYS, size)
    return np.where(silent, quiet, last)


def _days_of_orders(
    plan: Plan, who: Buyers, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """A Poisson process in busy time between the first order and the dropout."""
    plain, piloted = world(plan).busy
    days = plan.days
    bought = np.flatnonzero((who.first < days) & (who.first <= who.last))
    begin = np.minimum(who.first + 1, days)
    end = np.clip(np.ceil(who.last).astype(np.int64), begin, days)
    low = np.where(who.pilot, piloted[begin], plain[begin])
    high = np.where(who.pilot, piloted[end], plain[end])
    count = np.zeros(len(begin), dtype=np.int64)
    count[bought] = random.poisson(who.rate[bought] * (high - low)[bought])
    member = np.repeat(np.arange(len(count)), count)
    moment = low[member] + random.random(len(member)) * (high - low)[member]
    day = np.where(
        who.pilot[member],
        np.searchsorted(piloted, moment, side="right"),
        np.searchsorted(plain, moment, side="right"),
    )
    day = np.clip(day - 1, begin[member], days - 1)
    return np.concatenate([bought, member]), np.concatenate([who.first[bought], day])


def _seconds(random: np.random.Generator, size: int) -> Ints:
    """Between 09:00 and 22:00 local, busiest towards the evening."""
    share = random.beta(2.2, 1.8, size)
    return (9 * 3600 + share * 13 * 3600 - 1).astype(np.int64).clip(9 * 3600)
