"""A member's points as pages show them: balance, lots with their origin, entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.lib import periods
from loyalty.points import kernel, queries, returns, sources
from loyalty.points.entries import FullEntry
from loyalty.points.enums import TransferKind
from loyalty.points.models import Account, Transfer
from loyalty.points.queries import Entry
from loyalty.points.rules import Balance, LotView
from members.access import queries as access
from members.profiles.models import Member
from members.programme import rules as programme
from members.programme.models import ProgrammeVersion
from members.programme.rules import Settings

PAGE = 20
LOTS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Class of the line and icon, as the passbook of the style guide has them.
_LOOKS = {
    TransferKind.EARN: ("earn", "shopping-bag"),
    TransferKind.EVENT: ("earn", "star"),
    TransferKind.ADJUST: ("adj", "pencil"),
    TransferKind.REDEEM: ("redeem", "gift"),
    TransferKind.EXPIRE: ("expire", "hourglass"),
    TransferKind.UNEXPIRE: ("expire", "hourglass"),
    TransferKind.REVERSE: ("rev", "undo-2"),
    TransferKind.RESTORE: ("earn", "undo-2"),
    TransferKind.TRANSFER: ("adj", "arrow-left-right"),
    TransferKind.CONVERT: ("adj", "repeat"),
    TransferKind.WRITE_OFF: ("adj", "eraser"),
    TransferKind.UNCOLLECTED: ("rev", "eraser"),
}

_TAKEN_OF = """
SELECT x.lot_id, t.kind, sum(x.points)::bigint AS points
  FROM loyalty_allocation x JOIN loyalty_transfer t ON t.id = x.transfer_id
 WHERE x.lot_id = ANY (%(lots)s) AND x.occurred_at <= %(at)s AND x.posted_at <= %(known)s
 GROUP BY x.lot_id, t.kind ORDER BY x.lot_id, min(x.id)
"""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a statement is about: `at` and `known_at` are None for the present."""

    now: datetime
    at: datetime | None = None
    known_at: datetime | None = None

    @property
    def is_present(self) -> bool:
        return self.at is None and self.known_at is None


@dataclass(frozen=True, kw_only=True)
class Line:
    """An entry with who did it, what it undid and whether it can be undone."""

    entry: Entry
    kind: str
    look: str
    icon: str
    order: str
    actor: str
    undone_by: int | None
    can_undo: bool
    day: date


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A version of the programme, as far as it decides about points."""

    number: int
    effective_from: datetime | None
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A lot, which entry of which order made it, by which rule, and where it went."""

    lot: LotView
    kind: str
    icon: str
    order: str
    reference: str
    rule: Rule | None
    taken: list[tuple[str, int]]
    is_pending: bool

    @property
    def is_adjustment(self) -> bool:
        """Its reference names a sheet of paper nobody knows."""
        return self.lot.kind == TransferKind.ADJUST


@dataclass(frozen=True, kw_only=True)
class Statement:
    balance: Balance
    origins: list[Origin]
    more_lots: int
    lines: list[Line]
    older: str


def place_of(text: str) -> tuple[datetime, int] | None:
    """Read the place a page starts after; anything unreadable is the top."""
    at, dash, number = text.partition("-")
    digits = at.isascii() and number.isascii() and at.isdigit() and number.isdigit()
    if not dash or not digits or len(at) > 17 or len(number) > 18:
        return None
    return _EPOCH + int(at) * _MICROSECOND, int(number)


def place(at: datetime, number: int) -> str:
    return f"{(at - _EPOCH) // _MICROSECOND}-{number}"


def balance_at(
    *, account: Account | None, moment: Moment, settings: Settings
) -> Balance:
    if moment.is_present:
        return queries.balance(account=account, at=moment.now, settings=settings)
    return queries.balance_then(
        account=account,
        at=moment.at or moment.now,
        known_at=moment.known_at or moment.now,
        settings=settings,
    )


def of(
    *,
    member: Member,
    currency: str,
    moment: Moment,
    before: tuple[datetime, int] | None,
    settings: Settings,
) -> Statement:
    """Everything a statement says, in a fixed number of queries."""
    account = queries.account_of(member_id=member.pk, currency=currency)
    found = balance_at(account=account, moment=moment, settings=settings)
    rows = queries.entries(
        account=account,
        limit=PAGE + 1,
        at=moment.at or moment.now,
        known_at=moment.known_at,
        before=before,
    )
    shown = rows[:PAGE]
    lots = found.lots[:LOTS]
    references = [one.reference for one in shown] + [lot.reference for lot in lots]
    known = sources.of(references)
    last = shown[-1] if len(rows) > PAGE else None
    return Statement(
        balance=found,
        origins=_origins(lots, known, moment=moment),
        more_lots=len(found.lots) - len(lots),
        lines=_lines(shown, known, zone=settings.zone),
        older=place(last.occurred_at, last.id) if last else "",
    )


def line_of(*, found: FullEntry, settings: Settings) -> Line:
    """An entry by itself, as a statement shows it but for its running balance."""
    names = set(Entry.__dataclass_fields__) - {"running"}
    entry = Entry(**{name: getattr(found, name) for name in names}, running=0)
    known = sources.of([entry.reference])
    return _lines([entry], known, zone=settings.zone)[0]


def _lines(
    shown: Sequence[Entry], known: Mapping[str, Mapping[str, Any]], *, zone: ZoneInfo
) -> list[Line]:
    reversals = Transfer.objects.filter(reverses_id__in=[one.id for one in shown])
    undone = dict(reversals.order_by("-pk").values_list("reverses_id", "pk"))
    names = access.names_of(actors={one.actor for one in shown})
    return [
        _line(
            one,
            order=str(known.get(one.reference, {}).get("external_id", "")),
            undone_by=undone.get(one.id),
            actor=names.get(one.actor, ""),
            day=periods.day_of(one.occurred_at, zone),
        )
        for one in shown
    ]


def _line(
    entry: Entry, *, order: str, undone_by: int | None, actor: str, day: date
) -> Line:
    kind = TransferKind(entry.kind)
    look, icon = _LOOKS[kind]
    may = returns.can_undo(kind=kind, reference=entry.reference)
    return Line(
        entry=entry,
        kind=str(kind.label),
        look=look,
        icon=icon,
        order=order,
        actor=actor,
        undone_by=undone_by,
        can_undo=may and undone_by is None,
        day=day,
    )


def _origins(
    lots: Sequence[LotView],
    known: Mapping[str, Mapping[str, Any]],
    *,
    moment: Moment,
) -> list[Origin]:
    versions = _versions({lot.version for lot in lots if lot.version is not None})
    taken = _taken(lots, moment)
    found = []
    for lot in lots:
        kind = TransferKind(lot.kind)
        found.append(
            Origin(
                lot=lot,
                kind=str(kind.label),
                icon=_LOOKS[kind][1],
                order=str(known.get(lot.reference, {}).get("external_id", "")),
                reference=sources.told(lot.reference),
                rule=versions.get(lot.version or 0),
                taken=taken.get(lot.id, []),
                is_pending=lot.is_pending(moment.at or moment.now),
            )
        )
    return found


def _versions(numbers: Iterable[int]) -> dict[int, Rule]:
    rows = ProgrammeVersion.objects.filter(number__in=list(numbers))
    return {
        row.number: Rule(
            number=row.number,
            effective_from=row.effective_from,
            settings=programme.parse(row.settings, number=row.number),
        )
        for row in rows
    }


def _taken(lots: Sequence[LotView], moment: Moment) -> dict[int, list[tuple[str, int]]]:
    """What each lot was spent for by then, by kind of entry."""
    told = {
        "lots": [lot.id for lot in lots],
        "at": moment.at or moment.now,
        "known": moment.known_at or moment.now,
    }
    found: dict[int, list[tuple[str, int]]] = {}
    for row in kernel.run(_TAKEN_OF, told) if lots else []:
        label = str(TransferKind(row["kind"]).label)
        found.setdefault(row["lot_id"], []).append((label, -row["points"]))
    return found
