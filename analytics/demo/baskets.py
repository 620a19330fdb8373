"""What lies in each order, and what comes back: lines and refunds as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.demo import buying, catalogue, rules
from analytics.demo.buying import Bools, Buyers, Floats, Ints, Purchases
from analytics.demo.rules import Plan

MOST_LINES = 6


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines, one entry each; `order` is a position, lines of an order stand together."""

    order: Ints
    number: Ints
    category: Ints
    sku: Ints
    quantity: Ints
    amount: Ints
    margin: Ints


@dataclass(frozen=True, kw_only=True)
class Trade:
    """Orders, then refunds, of one block; days and seconds are local.

    `refund_of` is the position of the order, -1 for orders and for credit notes that
    name none.
    """

    orders: int
    member: Ints
    day: Ints
    second: Ints
    channel: Ints
    store: Ints
    amount: Ints
    margin: Ints
    refund_of: Ints
    lines: Lines

    @property
    def is_refund(self) -> Bools:
        return np.arange(len(self.member)) >= self.orders


@dataclass(frozen=True, kw_only=True)
class Block:
    """The members of a block with all they bought and brought back."""

    number: int
    buyers: Buyers
    trade: Trade


def block(plan: Plan, *, number: int, minor: int) -> Block:
    """This is a function of its arguments: neither order nor company of calls matter."""
    random = buying.random_of(plan, block=number)
    who = buying.buyers(plan, block=number, random=random)
    sold = buying.purchases(plan, who=who, random=random, minor=minor)
    lines = _lines(plan, who, sold, random)
    return Block(
        number=number, buyers=who, trade=_with_refunds(plan, sold, lines, random)
    )


def _lines(
    plan: Plan, who: Buyers, sold: Purchases, random: np.random.Generator
) -> Lines:
    size = len(sold.member)
    count = 1 + np.minimum(random.poisson(0.75, size), MOST_LINES - 1)
    order = np.repeat(np.arange(size), count)
    first = np.cumsum(count) - count
    amount = _parts(sold.amount, order, first, random)
    category = _categories(random, who, sold.member[order])
    rate = catalogue.CATEGORY_MARGINS[category] * random.uniform(0.8, 1.15, len(order))
    # What 11.11 costs the retailer.
    rate *= np.where(buying.world(plan).festival[sold.day[order]], 0.75, 1.0)
    # Squaring makes a few articles of each category sell most.
    article = (random.random(len(order)) ** 2 * catalogue.ARTICLES).astype(np.int64)
    return Lines(
        order=order,
        number=np.arange(len(order)) - first[order] + 1,
        category=category,
        sku=category * catalogue.ARTICLES + article,
        quantity=1 + random.poisson(0.35, len(order)),
        amount=amount,
        margin=np.rint(amount * rate).astype(np.int64),
    )


def _parts(total: Ints, order: Ints, first: Ints, random: np.random.Generator) -> Ints:
    """Split each total into random parts that add up to it exactly."""
    if not len(order):
        return np.zeros(0, dtype=np.int64)
    weight = random.gamma(2.0, 1.0, len(order)) + 0.05
    share = weight / np.add.reduceat(weight, first)[order]
    running = np.cumsum(share)
    within = running - (running[first] - share[first])[order]
    last = np.append(order[1:] != order[:-1], True)
    upto = np.where(last, total[order], np.floor(within * total[order]))
    upto = np.minimum(upto, total[order]).astype(np.int64)
    before = np.append(0, upto[:-1])
    before[first] = 0
    part: Ints = np.maximum(upto - before, 0)
    return part


def _categories(random: np.random.Generator, who: Buyers, member: Ints) -> Ints:
    """Six of ten lines are of the member's favourite or its neighbour."""
    names = len(catalogue.CATEGORY_NAMES)
    favourite = random.choice(names, len(who.joined), p=catalogue.CATEGORY_SHARES)
    second = (favourite + random.integers(1, names, len(favourite))) % names
    kind = random.random(len(member))
    general = random.choice(names, len(member), p=catalogue.CATEGORY_SHARES)
    liked = np.where(kind < 0.38, favourite[member], second[member])
    return np.where(kind < 0.60, liked, general)


def _with_refunds(
    plan: Plan, sold: Purchases, lines: Lines, random: np.random.Generator
) -> Trade:
    margin = np.bincount(lines.order, lines.margin, len(sold.member)).astype(np.int64)
    order, day, second = _returned(plan, sold, random)
    part = _returned_amounts(sold, lines, order, random)
    refunded = np.bincount(lines.order, part, len(sold.member)).astype(np.int64)
    kept = refunded[order] > 0
    order, day, second = order[kept], day[kept], second[kept]
    unlinked = random.random(len(order)) < rules.SHARE_UNLINKED_REFUND
    back = _refund_lines(lines, part, order, offset=len(sold.member))
    margin_back = np.bincount(
        back.order - len(sold.member), back.margin, len(order)
    ).astype(np.int64)
    joined = np.concatenate
    nothing = np.full(len(sold.member), -1, dtype=np.int64)
    return Trade(
        orders=len(sold.member),
        member=joined([sold.member, sold.member[order]]),
        day=joined([sold.day, day]),
        second=joined([sold.second, second]),
        channel=joined([sold.channel, sold.channel[order]]),
        store=joined([sold.store, sold.store[order]]),
        amount=joined([sold.amount, refunded[order]]),
        margin=joined([margin, margin_back]),
        refund_of=joined([nothing, np.where(unlinked, -1, order)]),
        lines=_both(lines, back),
    )


def _returned(
    plan: Plan, sold: Purchases, random: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Which orders come back, on which day and second; in that order of time."""
    size = len(sold.member)
    share: Floats = np.where(
        sold.store == catalogue.HIGH_REFUND_STORE,
        rules.REFUND_SHARE_IN_STORE,
        rules.REFUND_SHARE,
    )
    simple = sold.day >= buying.world(plan).simpler_refunds
    mean = np.where(simple, rules.REFUND_DELAY_AFTER, rules.REFUND_DELAY_BEFORE)
    delay = 1 + np.floor(random.exponential(mean)).astype(np.int64)
    day = sold.day + delay
    order = np.flatnonzero((random.random(size) < share) & (day < plan.days))
    second = (random.integers(9 * 3600, 21 * 3600, size))[order]
    by_time = np.lexsort((order, second, day[order]))
    return order[by_time], day[order][by_time], second[by_time]


def _returned_amounts(
    sold: Purchases, lines: Lines, order: Ints, random: np.random.Generator
) -> Ints:
    """How much of each line comes back: all, one line of several, or a share of one."""
    size = len(sold.member)
    count = np.bincount(lines.order, minlength=size)
    back = np.zeros(size, dtype=bool)
    back[order] = True
    full = random.random(size) < rules.SHARE_FULL_REFUND
    chosen = 1 + np.floor(random.random(size) * count).astype(np.int64)
    share = random.uniform(0.3, 0.8, size)
    at = lines.order
    one = np.where(lines.number == chosen[at], lines.amount, 0)
    some = np.floor(lines.amount * share[at]).astype(np.int64)
    partial = np.where(count[at] > 1, one, some)
    return np.where(back[at], np.where(full[at], lines.amount, partial), 0)


def _refund_lines(lines: Lines, part: Ints, order: Ints, *, offset: int) -> Lines:
    """The returned lines, renumbered, under the positions of their refunds."""
    size = int(lines.order.max(initial=-1)) + 1
    position = np.full(size, -1, dtype=np.int64)
    position[order] = np.arange(len(order))
    taken = np.flatnonzero((part > 0) & (position[lines.order] >= 0))
    taken = taken[np.argsort(position[lines.order[taken]], kind="stable")]
    target = position[lines.order[taken]]
    count = np.bincount(target, minlength=len(order))
    first = np.cumsum(count) - count
    whole = np.maximum(lines.amount[taken], 1)
    return Lines(
        order=target + offset,
        number=np.arange(len(taken)) - first[target] + 1,
        category=lines.category[taken],
        sku=lines.sku[taken],
        quantity=lines.quantity[taken],
        amount=part[taken],
        margin=np.floor(lines.margin[taken] * part[taken] / whole).astype(np.int64),
    )


def _both(lines: Lines, back: Lines) -> Lines:
    fields = ("order", "number", "category", "sku", "quantity", "amount", "margin")
    return Lines(
        **{
            name: np.concatenate([getattr(lines, name), getattr(back, name)])
            for name in fields
        }
    )
