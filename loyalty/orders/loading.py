"""Loads a file of orders: cells in Python column by column, the rest in SQL."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from loyalty.orders import earning, following, rules, statements
from loyalty.orders.enums import OrderKind
from members.imports import amounts, dates, staging, texts
from members.imports.amounts import Money, Number, Style
from members.imports.kinds import Context, Counts
from members.imports.readers import Chunk
from members.imports.rules import REJECTS_KEPT
from members.imports.staging import NULL, Cells, Read, Stage, missing, read_as
from members.imports.values import Bad, Cell, plain, shown

# Orders in one transaction: long enough to be fast, short enough to lose little.
SLICE = 50_000
NOTHING = f"{NULL}\t{NULL}"


class OrderLoader:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.stage = Stage(context.batch_id, statements.ROWS, statements.COLUMNS)
        self._ways: dict[str, Style] = {}
        self._at = context.columns.index
        self._memos = {
            "order_id": read_as(self._order_id, required=missing("order_id")),
            "member": read_as(self._member, required=missing("member"), empty=NOTHING),
            "ordered_at": read_as(
                self._moment, required=missing("ordered_at"), empty=NOTHING
            ),
            "amount": read_as(
                self._money("amount"), required=missing("amount"), empty=NOTHING
            ),
            "margin": read_as(self._money("margin"), empty=NOTHING),
            "quantity": read_as(self._quantity, empty=NOTHING),
            "kind": read_as(self._kind, empty=""),
            "currency": read_as(self._currency),
            "refund_of": read_as(
                lambda cell: texts.identifier(
                    cell, limit=rules.EXTERNAL_ID_LENGTH, field="refund_of"
                )
            ),
            "channel": self._word("channel", rules.CHANNEL_LENGTH),
            "store": self._key("store", rules.STORE_LENGTH),
            "category": self._word("category", rules.CATEGORY_LENGTH),
            "sku": self._key("sku", rules.SKU_LENGTH),
        }
        self._lead = f"{staging.escaped(context.source)}\t"
        self._last: int | None = None

    def lines(self, chunk: Chunk) -> list[str]:
        cells = Cells(chunk)
        keys = cells.keys(self._at("order_id"), self._memos["order_id"])
        members = cells.keys(
            self._at("member"), self._memos["member"], NOTHING, lead=self._lead
        )
        moments = self._read(cells, "ordered_at", NOTHING)
        money = self._read(cells, "amount", NOTHING)
        margins = self._read(cells, "margin", NOTHING)
        kinds = self._read(cells, "kind", "")
        self._read(cells, "currency")
        rest = [self._read(cells, "quantity", NOTHING)]
        rest += [
            self._read(cells, name)
            for name in ("refund_of", "channel", "store", "category", "sku")
        ]
        if self._at("margin") is not None:
            margins = list(map(_margin, margins, money, kinds))
        kinds = [
            OrderKind.REFUND.value if text[0] == "-" else kind or OrderKind.ORDER.value
            for text, kind in zip(money, kinds, strict=True)
        ]
        absolute = [text.removeprefix("-") for text in money]
        reasons, details = cells.verdicts()
        columns = [list(map(str, chunk.lines)), keys, kinds, members, moments, absolute]
        columns += [margins, *rest, reasons, details, cells.raws()]
        lines = list(map("\t".join, zip(*columns, strict=True)))
        return lines + [_bad_line(row.line, row.bad, row.raw) for row in chunk.bad]

    def settle(self, cursor: CursorWrapper) -> int:
        decimals = Style.COMMA | Style.POINT
        file = reduce(or_, self._ways.values(), Style.NONE) & decimals
        for name, way in sorted(self._ways.items()):
            # Decimals of this column decide; without any, those of the others.
            if way & Style.BARE and (way & decimals or file) != Style.POINT:
                detail = (
                    f"{name}: a thousand or a decimal? No other row shows that a point "
                    "is the decimal sign; say which (--decimal point or comma)"
                )
                bare = sql.Identifier(f"{name}_bare")
                self._run(cursor, statements.BARE, [detail], bare=bare)
        cursor.execute(sql.SQL("SET LOCAL work_mem = {}").format(staging.WORK_MEMORY))
        self._run(
            cursor,
            statements.UNITS,
            {"last": self._last_line(cursor)},
            **self._key_parts(),
        )
        self._run(cursor, "CREATE UNIQUE INDEX ON {units} (pos)")
        self._run(cursor, "ANALYZE {units}")
        self._run(cursor, statements.TALLY)
        staged, taken = cursor.fetchone()
        if staged == taken:
            self._run(cursor, statements.NO_REJECTS)
        else:
            self._run(cursor, statements.REJECTS, {"last": self._last_line(cursor)})
            self._run(cursor, "CREATE INDEX ON {rejects} (pos)")
            self._run(cursor, "ANALYZE {rejects}")
        self._run(cursor, "CREATE INDEX ON {rows} (line)")
        self._run(cursor, "ANALYZE {rows}")
        return 3 * self._last_line(cursor)

    def next_after(self, cursor: CursorWrapper, position: int) -> int | None:
        self._run(cursor, statements.NEXT, [position, position])
        (first,) = cursor.fetchone()
        if first is None:
            return None
        last = self._last_line(cursor)
        # Orders, then refunds that name an order, then refused rows: never mixed.
        segment_end = -(-first // last) * last
        return int(min(first + SLICE - 1, segment_end))

    def apply(self, cursor: CursorWrapper, after: int, upto: int) -> Counts:
        last = self._last_line(cursor)
        if upto > 2 * last:
            rejected = self._reject(cursor, statements.KNOWN_REJECTS, [after, upto])
            return Counts(rejected=rejected)
        return self._apply_orders(cursor, after, upto, linked=upto > last)

    def _apply_orders(
        self, cursor: CursorWrapper, after: int, upto: int, *, linked: bool
    ) -> Counts:
        told = self._told(after, upto)
        cursor.execute("DROP TABLE IF EXISTS import_slice, import_fresh")
        # A rough idea of a slice is enough to plan by.
        cursor.execute("SET LOCAL default_statistics_target = 10")
        self._run(cursor, statements.SLICE, told)
        cursor.execute("ANALYZE import_slice")
        if linked:
            cursor.execute(statements.TARGETS, [self.context.source])
            cursor.execute(statements.CAP)
            while cursor.rowcount:
                cursor.execute(statements.CAP)
        if self.context.options.update:
            cursor.execute(statements.SHRUNK)
        cursor.execute(statements.STORES, told)
        stores = cursor.rowcount
        members = self._create_members(cursor, told)
        cursor.execute(statements.ORDERS, told)
        corrected = self._update(cursor, told) if self.context.options.update else []
        self._write_lines(cursor, told)
        told_of = {**told, "corrected": corrected}
        following.written(cursor, told_of, by=self._by)
        if self._at("store") is not None:
            cursor.execute(statements.HOME_STORES)
        cursor.execute(statements.KNOWN_MEMBERS)
        cursor.execute(statements.KNOWN_STORES)
        cursor.execute(statements.MARK_MEMBERS)
        cursor.execute(statements.MARK_MONTHS)
        rejected = self._reject(cursor, statements.REFUSED, [])
        cursor.execute(statements.COUNTS)
        loaded, updated, unchanged = map(int, cursor.fetchone())
        cursor.execute("DROP TABLE import_slice, import_fresh")
        return Counts(
            loaded=loaded,
            updated=updated,
            unchanged=unchanged,
            rejected=rejected,
            members_created=members,
            stores_created=stores,
        )

    def _create_members(self, cursor: CursorWrapper, told: dict[str, Any]) -> int:
        cursor.execute(statements.FRESH)
        cursor.execute(statements.FRESH_MEMBERS, told)
        created = int(cursor.rowcount)
        if created:
            cursor.execute(statements.FRESH_IDENTIFIERS, told)
            cursor.execute(statements.FRESH_KNOWN)
        return created

    def _update(self, cursor: CursorWrapper, told: dict[str, Any]) -> list[int]:
        """Write what changed; return the orders that must earn anew for it."""
        cursor.execute(statements.CORRECTED)
        (corrected,) = cursor.fetchone()
        # What an order earned by what it said before is withdrawn first.
        earning.reverse_many(order_ids=corrected, reason="", **self._by)
        cursor.execute(statements.REVISE, [corrected])
        cursor.execute(statements.UPDATES, told)
        if cursor.rowcount:
            cursor.execute(statements.OLD_LINES)
            cursor.execute(statements.REFRESH.format(members=statements.MOVED_MEMBERS))
        return list(corrected)

    @property
    def _by(self) -> dict[str, Any]:
        """Who posts what this load does to the books, by which settings, and when."""
        context = self.context
        return {
            "actor": f"import:{context.batch_id}",
            "settings": context.programme,
            "now": context.at,
        }

    def _write_lines(self, cursor: CursorWrapper, told: dict[str, Any]) -> None:
        cursor.execute(statements.LINES_BETWEEN)
        low, high = cursor.fetchone()
        if low is not None:
            self._run(cursor, statements.LINES, {**told, "low": low, "high": high})

    def _told(self, after: int, upto: int) -> dict[str, Any]:
        context = self.context
        return {
            "after": after,
            "upto": upto,
            "source": context.source,
            "batch": context.batch_id,
            "currency": context.programme.currency,
            "at": context.at,
            "update": context.options.update,
        }

    def _reject(self, cursor: CursorWrapper, select: str, params: list[Any]) -> int:
        return staging.reject(
            cursor,
            self.stage,
            names=self.context.columns.names,
            rows=self._sql(select),
            params=params,
            expires_at=self.context.at + timedelta(days=REJECTS_KEPT),
        )

    def _last_line(self, cursor: CursorWrapper) -> int:
        if self._last is None:
            self._run(cursor, "SELECT coalesce(max(line), 1) FROM {rows}")
            self._last = int(cursor.fetchone()[0])
        return self._last

    def _key_parts(self) -> dict[str, sql.Composable]:
        numbered = self._at("order_id") is not None
        lined = any(
            self._at(name) is not None for name in ("sku", "category", "quantity")
        )
        return {
            "key": sql.SQL("key") if numbered else sql.SQL(statements.OWN_KEY),
            "staged": sql.SQL("key IS NOT NULL" if numbered else "reason IS NULL"),
            "hash": sql.SQL(statements.HASH),
            "lines_text": sql.SQL(statements.LINES_TEXT if lined else "''"),
        }

    def _run(
        self,
        cursor: CursorWrapper,
        statement: str,
        params: Any = None,
        **parts: sql.Composable,
    ) -> None:
        cursor.execute(self._sql(statement, **parts), params)

    def _sql(self, statement: str, **parts: sql.Composable) -> sql.Composed:
        tables = {name: self.stage.table(name) for name in ("rows", "units", "rejects")}
        return sql.SQL(statement).format(**tables, **parts)

    def _read(self, cells: Cells, name: str, empty: str = NULL) -> list[str]:
        return cells.read(self._at(name), self._memos[name], empty)

    def _order_id(self, cell: Cell) -> str | Bad | None:
        read = texts.identifier(
            cell, limit=rules.EXTERNAL_ID_LENGTH - 1, field="order_id"
        )
        if isinstance(read, str) and read.startswith("~"):
            detail = (
                f"order_id: {shown(read)} begins with ~, which Tern keeps for itself"
            )
            return Bad("bad_identifier", detail)
        return read

    def _member(self, cell: Cell) -> Read:
        context = self.context
        read = texts.address(
            cell,
            source=context.source,
            region=context.options.region,
            field="member",
        )
        if read is None or isinstance(read, Bad):
            return read
        return read.type, read.value

    def _moment(self, cell: Cell) -> Read:
        context = self.context
        read = dates.moment(
            cell,
            zone=context.programme.zone,
            form=context.options.date_format,
            field="ordered_at",
        )
        if read is None or isinstance(read, Bad):
            return read
        if read.at > context.at:
            detail = f"ordered_at: {shown(plain(cell))} lies in the future"
            return Bad("future", detail)
        return read.at.isoformat(), read.day.isoformat()

    def _money(self, name: str) -> Any:
        programme = self.context.programme
        read_money = amounts.money_reader(
            currency=programme.currency,
            exponent=programme.exponent,
            decimal=self.context.options.decimal,
            field=name,
        )

        def read(cell: Cell) -> Read:
            money = read_money(cell)
            if isinstance(money, Money):
                return str(money.minor), self._bare(name, money.style)
            return money

        return read

    def _quantity(self, cell: Cell) -> Read:
        read = amounts.number(
            cell, decimal=self.context.options.decimal, field="quantity"
        )
        if not isinstance(read, Number):
            return read
        step = Decimal(1).scaleb(-rules.QUANTITY_PLACES)
        value = abs(read.value)
        if value and value.adjusted() >= rules.QUANTITY_DIGITS:
            return Bad("too_large", f"quantity: {shown(plain(cell))} is too large")
        rounded = rules.plain_decimal(value.quantize(step, ROUND_HALF_EVEN))
        return rounded, self._bare("quantity", read.style)

    def _bare(self, name: str, style: Style) -> str:
        self._ways[name] = self._ways.get(name, Style.NONE) | style
        return "1" if style & Style.BARE else "0"

    def _kind(self, cell: Cell) -> str | Bad | None:
        word = plain(cell).lower()
        if not word:
            return None
        kind = rules.KINDS.get(word)
        if kind is None:
            return Bad("bad_choice", f"kind: {shown(word)} is neither order nor refund")
        return kind.value

    def _currency(self, cell: Cell) -> str | Bad | None:
        code, known = plain(cell).upper(), self.context.programme.currency
        if not code or code in amounts.signs(known):
            return None
        detail = f"currency: {shown(code)} is not the programme's, {known}"
        return Bad("currency", detail)

    def _word(self, name: str, limit: int) -> Any:
        return read_as(lambda cell: texts.text(cell, limit=limit, field=name))

    def _key(self, name: str, limit: int) -> Any:
        return read_as(lambda cell: texts.identifier(cell, limit=limit, field=name))


def _margin(margin: str, money: str, kind: str) -> str:
    """The margin of a refund is what is taken back: it has the sign of the money."""
    if margin == NOTHING:
        return margin
    if money[0] == "-":
        return margin[1:] if margin[0] == "-" else f"-{margin}"
    return margin.removeprefix("-") if kind == OrderKind.REFUND.value else margin


def _bad_line(line: int, bad: Bad, raw: str) -> str:
    empty = [NULL] * (len(statements.COLUMNS) - 4)
    detail = staging.escaped(bad.detail[:400])
    raw = staging.escaped(raw.replace(staging.UNIT, " "))
    return "\t".join([str(line), *empty, bad.reason, detail, raw])
