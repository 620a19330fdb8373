"""Loads a file of members: cells in Python column by column, the rest in SQL."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from members.imports import dates, staging, texts
from members.imports.kinds import Context, Counts
from members.imports.readers import Chunk
from members.imports.rules import REJECTS_KEPT
from members.imports.staging import NULL, Cells, Read, Stage, missing, read_as
from members.imports.values import Bad, Cell, plain, shown
from members.profiles import columns, rules, statements

# Members in one transaction: long enough to be fast, short enough to lose little.
SLICE = 50_000
NOTHING = f"{NULL}\t{NULL}"
TEMPORARY = (
    "DROP TABLE IF EXISTS import_slice, import_claim, import_other, "
    "import_contest, import_attribute, import_consent"
)


class MemberLoader:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.extra = columns.found(context.columns)
        self.stage = _stage(context.batch_id, self.extra)
        self._today = context.at.astimezone(context.programme.zone).date()
        self._lead = f"{staging.escaped(context.source)}\t"
        self._last: int | None = None
        self._at = context.columns.index
        self._member = read_as(self._address, required=missing("member"), empty=NOTHING)
        self._name = read_as(_name, empty=NOTHING)
        region = context.options.region
        self._memos = {
            "email": read_as(lambda cell: texts.email(cell, field="email")),
            "phone": read_as(
                lambda cell: texts.phone(cell, region=region, field="phone")
            ),
            "birthday": read_as(self._birthday),
            "joined_on": read_as(self._joined_on),
            "store": read_as(
                lambda cell: texts.identifier(
                    cell, limit=rules.STORE_LENGTH, field="store"
                )
            ),
            "language": read_as(_language),
            "acquisition_channel": read_as(
                lambda cell: texts.text(
                    cell, limit=rules.CHANNEL_LENGTH, field="acquisition_channel"
                )
            ),
        }
        self._consents = {
            name: read_as(_answer(f"{name}_consent")) for name in self.extra.consents
        }
        self._moments = {
            name: read_as(self._moment(f"{name}_consent_at"))
            for name in self.extra.moments
        }
        self._consent_at = read_as(self._moment("consent_at"))
        self._attributes = {
            name: read_as(_attribute(name)) for name in self.extra.attributes
        }

    def lines(self, chunk: Chunk) -> list[str]:
        cells = Cells(chunk)
        read = [list(map(str, chunk.lines))]
        read.append(
            cells.keys(self._at("member"), self._member, NOTHING, lead=self._lead)
        )
        read.append(cells.read(self._at("name"), self._name, NOTHING))
        read += [cells.read(self._at(name), memo) for name, memo in self._memos.items()]
        extra = self.extra
        for name, index in extra.consents.items():
            read.append(cells.read(index, self._consents[name]))
        for name, index in extra.moments.items():
            read.append(cells.read(index, self._moments[name]))
        read.append(cells.read(self._at("consent_at"), self._consent_at))
        for name, index in extra.attributes.items():
            read.append(cells.read(index, self._attributes[name]))
        read += [*cells.verdicts(), cells.raws()]
        lines = list(map("\t".join, zip(*read, strict=True)))
        return lines + [self._bad_line(row.line, row.bad, row.raw) for row in chunk.bad]

    def settle(self, cursor: CursorWrapper) -> int:
        cursor.execute(sql.SQL("SET LOCAL work_mem = {}").format(staging.WORK_MEMORY))
        self._run(cursor, statements.UNITS)
        self._run(cursor, "CREATE UNIQUE INDEX ON {units} (pos)")
        self._run(cursor, "CREATE UNIQUE INDEX ON {units} (mtype, mvalue)")
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
        return 2 * self._last_line(cursor)

    def next_after(self, cursor: CursorWrapper, position: int) -> int | None:
        self._run(cursor, statements.NEXT, [position, position])
        (first,) = cursor.fetchone()
        if first is None:
            return None
        last = self._last_line(cursor)
        # Members, then refused rows: never mixed.
        segment_end = -(-first // last) * last
        return int(min(first + SLICE - 1, segment_end))

    def apply(self, cursor: CursorWrapper, after: int, upto: int) -> Counts:
        if upto > self._last_line(cursor):
            rejected = self._reject(cursor, statements.KNOWN_REJECTS, [after, upto])
            return Counts(rejected=rejected)
        told = self._told(after, upto)
        cursor.execute(TEMPORARY)
        # A rough idea of a slice is enough to plan by.
        cursor.execute("SET LOCAL default_statistics_target = 10")
        self._run(cursor, statements.SLICE, told)
        cursor.execute("ANALYZE import_slice")
        self._judge(cursor, told)
        stores = self._write(cursor, told)
        rejected = self._reject(cursor, statements.REFUSED, [])
        cursor.execute(statements.COUNTS)
        loaded, updated, unchanged, created = map(int, cursor.fetchone())
        cursor.execute(TEMPORARY)
        return Counts(
            loaded=loaded,
            updated=updated,
            unchanged=unchanged,
            rejected=rejected,
            members_created=created,
            stores_created=stores,
        )

    def _judge(self, cursor: CursorWrapper, told: dict[str, Any]) -> None:
        """Say of each row of the slice what becomes of it, and why."""
        self._run(cursor, statements.EARLIER)
        cursor.execute(statements.CLAIMS)
        cursor.execute(statements.TAKEN)
        cursor.execute(statements.HAD)
        cursor.execute("ANALYZE import_claim")
        cursor.execute(statements.OTHERS, told)
        cursor.execute(statements.NOTE_CLAIMS)
        if self.extra.attributes:
            values = self._attribute_values()
            self._run(cursor, statements.ATTRIBUTES, told, values=values)
            cursor.execute(statements.NOTE_ATTRIBUTES)
        if self.extra.consents:
            values = self._consent_values()
            self._run(cursor, statements.CONSENTS, told, values=values)
            cursor.execute(statements.NOTE_CONSENTS)
        cursor.execute(statements.VERDICTS, told)
        cursor.execute(statements.CONTESTS)
        cursor.execute(statements.CONTEST)
        while cursor.rowcount:
            cursor.execute(statements.CONTEST)

    def _write(self, cursor: CursorWrapper, told: dict[str, Any]) -> int:
        """Write what the rows say; returns how many stores are new by it."""
        cursor.execute(statements.STORES, told)
        stores = int(cursor.rowcount)
        cursor.execute(statements.FRESH)
        cursor.execute(statements.FRESH_MEMBERS, told)
        cursor.execute(statements.KNOWN_MEMBERS, told)
        if self.context.options.update:
            cursor.execute(statements.REPLACED_IDENTIFIERS, told)
        cursor.execute(statements.IDENTIFIERS, told)
        if self.extra.attributes:
            cursor.execute(statements.NEW_ATTRIBUTES, told)
            cursor.execute(statements.CHANGED_ATTRIBUTES, told)
        if self.extra.consents:
            cursor.execute(statements.NEW_CONSENTS, told)
        cursor.execute(statements.MARK_MEMBERS)
        return stores

    def _told(self, after: int, upto: int) -> dict[str, Any]:
        context = self.context
        return {
            "after": after,
            "upto": upto,
            "source": context.source,
            "batch": context.batch_id,
            "at": context.at,
            "today": self._today,
            "purpose": rules.PURPOSE,
            "update": context.options.update,
            "attributes": list(self.extra.attributes),
            "channels": list(self.extra.consents),
        }

    def _attribute_values(self) -> sql.Composable:
        rows = (
            sql.SQL("((%(attributes)s::text[])[{}], s.{})").format(
                n + 1, sql.Identifier(f"a{n}")
            )
            for n in range(len(self.extra.attributes))
        )
        return sql.SQL(", ").join(rows)

    def _consent_values(self) -> sql.Composable:
        moments = {name: f"t{n}" for n, name in enumerate(self.extra.moments)}
        rows = (
            sql.SQL(
                "((%(channels)s::text[])[{}], s.{}, coalesce(s.{}, s.consent_at))"
            ).format(
                n + 1,
                sql.Identifier(f"c{n}"),
                sql.Identifier(moments.get(name, "consent_at")),
            )
            for n, name in enumerate(self.extra.consents)
        )
        return sql.SQL(", ").join(rows)

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

    def _bad_line(self, line: int, bad: Bad, raw: str) -> str:
        empty = [NULL] * (len(self.stage.columns) - 4)
        detail = staging.escaped(bad.detail[:400])
        raw = staging.escaped(raw.replace(staging.UNIT, " "))
        return "\t".join([str(line), *empty, bad.reason, detail, raw])

    def _address(self, cell: Cell) -> Read:
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

    def _birthday(self, cell: Cell) -> str | Bad | None:
        if plain(cell).lower() in texts.NOTHING:
            return None
        form = self.context.options.date_format
        return self._past(dates.day(cell, form=form, field="birthday"), "birthday")

    def _joined_on(self, cell: Cell) -> str | Bad | None:
        read = self._read_moment(cell, "joined_on")
        day = read.day if isinstance(read, dates.Moment) else read
        return self._past(day, "joined_on")

    def _past(self, day: date | Bad | None, field: str) -> str | Bad | None:
        if day is None or isinstance(day, Bad):
            return day
        if day > self._today:
            return Bad("future", f"{field}: {day} lies in the future")
        return day.isoformat()

    def _moment(self, field: str) -> Any:
        def read(cell: Cell) -> str | Bad | None:
            read = self._read_moment(cell, field)
            if not isinstance(read, dates.Moment):
                return read
            if read.at > self.context.at:
                detail = f"{field}: {shown(plain(cell))} lies in the future"
                return Bad("future", detail)
            return read.at.isoformat()

        return read

    def _read_moment(self, cell: Cell, field: str) -> dates.Moment | Bad | None:
        if plain(cell).lower() in texts.NOTHING:
            return None
        zone, form = self.context.programme.zone, self.context.options.date_format
        return dates.moment(cell, zone=zone, form=form, field=field)


def _stage(batch_id: int, extra: columns.Extra) -> Stage:
    """This is the table of a file: what every file has, and this one's own columns."""
    own = {f"c{n}": "boolean" for n in range(len(extra.consents))}
    own |= {f"t{n}": "timestamptz" for n in range(len(extra.moments))}
    own |= {"consent_at": "timestamptz"}
    own |= {f"a{n}": "text" for n in range(len(extra.attributes))}
    ddl = statements.ROWS.format(
        extra=" ".join(f"{name} {kind}," for name, kind in own.items())
    )
    return Stage(batch_id, ddl, (*statements.HEAD, *own, *statements.TAIL))


def _name(cell: Cell) -> Read:
    name = texts.text(cell, limit=rules.NAME_LENGTH, field="name")
    if not isinstance(name, str):
        return name
    return name, rules.name_key(name)


def _language(cell: Cell) -> str | Bad | None:
    words = texts.text(cell, limit=rules.LANGUAGE_LENGTH, field="language")
    if not isinstance(words, str):
        return words
    code = rules.language_of(words)
    if code is None:
        accepted = ", ".join(rules.languages())
        detail = f"language: {shown(words)} is not one Tern speaks; give {accepted}"
        return Bad("bad_choice", detail)
    return code


def _answer(field: str) -> Any:
    def read(cell: Cell) -> Read:
        answer = texts.yes_or_no(cell, field=field)
        return ("t" if answer else "f") if isinstance(answer, bool) else answer

    return read


def _attribute(name: str) -> Any:
    return lambda cell: texts.text(cell, limit=rules.ATTRIBUTE_LENGTH, field=name)
