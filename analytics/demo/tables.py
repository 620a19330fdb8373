"""A block as Arrow tables, column by column what PostgreSQL's tables take."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.demo import baskets, catalogue, people, rules
from analytics.demo.arrow import constant, names, optional, strings, table, taken
from analytics.demo.baskets import Block
from analytics.demo.buying import Ints
from analytics.demo.facts import ROOM
from analytics.demo.moments import dates, moments
from analytics.demo.people import People, Rows
from analytics.demo.rules import Plan
from members.profiles.rules import name_key


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the installation gives: its zone and money, its ids of stores and members.

    `first_member` is the id of the plan's first member.
    """

    zone: ZoneInfo
    currency: str
    minor: int
    stores: Sequence[int]
    first_member: int


@dataclass(frozen=True, kw_only=True)
class BlockTables:
    """In the order in which they must be written. `orders` lacks its ids."""

    member: pa.Table
    identifier: pa.Table
    consent: pa.Table
    attribute: pa.Table
    label: pa.Table
    orders: pa.Table
    lines: pa.Table


def block_tables(plan: Plan, *, block: int, context: Context) -> BlockTables:
    made = baskets.block(plan, number=block, minor=context.minor)
    known = people.people(plan, block=block, who=made.buyers)
    first = context.first_member + block * rules.BLOCK
    return BlockTables(
        member=_members(plan, made, known, context),
        identifier=_identifiers(plan, made, known, first, context),
        consent=_consents(plan, known, first, context),
        attribute=_attributes(plan, known, first),
        label=_labels(plan, known, first, context),
        orders=_orders(plan, made, first, context),
        lines=_lines(made),
    )


def with_ids(orders: pa.Table, lines: pa.Table, ids: Ints) -> tuple[pa.Table, pa.Table]:
    """This puts the ids drawn for the orders in the place of their positions."""
    given: pa.Array[Any] = pa.array(ids)
    orders = orders.add_column(0, "id", given)
    place = orders.schema.get_field_index("refund_of_id")
    refund_of = given.take(orders["refund_of_id"].combine_chunks())
    orders = orders.set_column(place, "refund_of_id", refund_of)
    place = lines.schema.get_field_index("order_id")
    order = given.take(lines["order_id"].combine_chunks())
    return orders, lines.set_column(place, "order_id", order)


def _members(plan: Plan, made: Block, known: People, context: Context) -> pa.Table:
    who = made.buyers
    size = len(who.joined)
    joined = moments(
        plan, zone=context.zone, day=who.joined, second=known.joined_second
    )
    first, last = _first_and_last(plan, made, context)
    columns: dict[str, Any] = {
        "id": context.first_member + made.number * rules.BLOCK + np.arange(size),
        "name": known.name,
        "name_key": [name_key(name) for name in known.name],
        "birthday": pa.array(
            [_birthday(plan, age) for age in known.birthday_age], type=pa.date32()
        ),
        "joined_on": dates(plan, who.joined),
        "language": known.language,
        "time_zone": constant("", size),
        "store_id": taken(pa.array(context.stores), who.store),
        "acquisition_channel": names(catalogue.ACQUISITION, who.acquisition),
        "source": constant(rules.SOURCE, size),
        "first_order_at": first,
        "last_order_at": last,
        "created_at": joined,
        "updated_at": joined,
    }
    return table(columns)


def _first_and_last(
    plan: Plan, made: Block, context: Context
) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """When each member ordered first and last; null for prospects."""
    trade, size = made.trade, len(made.buyers.joined)
    # Orders stand in the order of time: the last write to a place is the latest.
    member = trade.member[: trade.orders]
    first = np.full(size, -1, dtype=np.int64)
    last = np.full(size, -1, dtype=np.int64)
    first[member[::-1]] = np.arange(trade.orders)[::-1]
    last[member] = np.arange(trade.orders)
    placed = moments(plan, zone=context.zone, day=trade.day, second=trade.second)
    return taken(placed, first), taken(placed, last)


def _identifiers(
    plan: Plan, made: Block, known: People, first: int, context: Context
) -> pa.Table:
    rows, member = known.identifiers.columns, _positions(known.identifiers)
    at = moments(
        plan,
        zone=context.zone,
        day=made.buyers.joined[member],
        second=known.joined_second[member],
    )
    return table(
        {
            "member_id": first + member,
            "type": rows["type"],
            "value": rows["value"],
            "source": constant(rules.SOURCE, len(member)),
            "created_at": at,
        }
    )


def _consents(plan: Plan, known: People, first: int, context: Context) -> pa.Table:
    rows, member = known.consents.columns, _positions(known.consents)
    day = np.array(rows["day"], dtype=np.int64)
    at = moments(plan, zone=context.zone, day=day, second=known.joined_second[member])
    return table(
        {
            "member_id": first + member,
            "channel": rows["channel"],
            "purpose": constant("marketing", len(member)),
            "granted": rows["granted"],
            "at": at,
            "source": constant(rules.SOURCE, len(member)),
            "text_version": constant("1", len(member)),
        }
    )


def _attributes(plan: Plan, known: People, first: int) -> pa.Table:
    rows = _filled(known.attributes, ("name", "value", "day"))
    member = _positions(known.attributes)
    return table(
        {
            "member_id": pa.array(first + member),
            "name": strings(rows["name"]),
            "value": strings(rows["value"]),
            "source": constant(rules.SOURCE, len(member)),
            "recorded_on": dates(plan, np.array(rows["day"], dtype=np.int64)),
        }
    )


def _labels(plan: Plan, known: People, first: int, context: Context) -> pa.Table:
    rows = _filled(known.labels, ("name", "day", "until"))
    member = _positions(known.labels)
    day = np.array(rows["day"], dtype=np.int64)
    until = np.array([-1 if end is None else end for end in rows["until"]], np.int64)
    open_still = until < 0
    start = moments(plan, zone=context.zone, day=day, second=0 * day)
    end = moments(
        plan, zone=context.zone, day=np.where(open_still, day, until), second=0 * day
    )
    nothing = pa.nulls(len(member), end.type)
    return table(
        {
            "member_id": pa.array(first + member),
            "name": strings(rows["name"]),
            "source": constant(rules.SOURCE, len(member)),
            "from_at": start,
            "until_at": pc.if_else(pa.array(open_still), nothing, end),
        }
    )


def _orders(plan: Plan, made: Block, first: int, context: Context) -> pa.Table:
    trade = made.trade
    placed = moments(plan, zone=context.zone, day=trade.day, second=trade.second)
    names_ = _external_ids(made)
    size = len(names_)
    return table(
        {
            "source": constant(rules.SOURCE, size),
            "external_id": strings(names_),
            "member_id": first + trade.member,
            "kind": names(["order", "refund"], trade.is_refund.astype(np.int64)),
            "refund_of_id": optional(trade.refund_of),
            "placed_at": placed,
            "day": dates(plan, trade.day),
            "amount_minor": trade.amount,
            "margin_minor": trade.margin,
            "currency": constant(context.currency, size),
            "channel": names(catalogue.CHANNELS, trade.channel),
            "store_id": taken(pa.array(context.stores), trade.store),
            "content_hash": strings(_hashes(names_, trade.amount)),
            "created_at": placed,
            "updated_at": placed,
        }
    )


def _lines(made: Block) -> pa.Table:
    lines = made.trade.lines
    return table(
        {
            "order_id": lines.order,
            "line_no": lines.number,
            "sku": names(catalogue.SKUS, lines.sku),
            "category": names(catalogue.CATEGORY_NAMES, lines.category),
            "quantity": lines.quantity,
            "amount_minor": lines.amount,
            "margin_minor": lines.margin,
        }
    )


def _external_ids(made: Block) -> list[str]:
    start = made.number * ROOM + 1
    return [
        f"{'R' if back else 'O'}{start + place:011d}"
        for place, back in enumerate(made.trade.is_refund.tolist())
    ]


def _hashes(external_ids: list[str], amounts: Ints) -> list[str]:
    return [
        hashlib.blake2b(f"{name} {amount}".encode(), digest_size=16).hexdigest()
        for name, amount in zip(external_ids, amounts.tolist(), strict=True)
    ]


def _birthday(plan: Plan, age: int | None) -> date | None:
    return None if age is None else plan.start - timedelta(days=age)


def _positions(rows: Rows) -> Ints:
    return np.array(rows.columns.get("member", []), dtype=np.int64)


def _filled(rows: Rows, columns: Sequence[str]) -> Mapping[str, list[Any]]:
    """A small block may have no such row at all."""
    return {name: rows.columns.get(name, []) for name in columns}
