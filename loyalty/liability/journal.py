"""The journal of points: balanced lines a month or a day, with the company's accounts.

Amounts are differences of sums since the beginning, so months add up to the balance.
"""

from __future__ import annotations

import calendar
import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from config.lib import formats
from loyalty.liability.enums import Entry
from loyalty.liability.rules import Sums
from members.programme.rules import Settings

if TYPE_CHECKING:
    from loyalty.liability.models import JournalPeriod

Grain = Literal["day", "month"]
NAMES = tuple(one.name for one in fields(Sums))

# Which account is debited and which credited when the amount is above zero.
SIDES: Mapping[str, tuple[str, str]] = {
    "allocated": ("sales", "deferred_revenue"),
    "redeemed": ("deferred_revenue", "points_revenue"),
    "estimate": ("deferred_revenue", "estimate_revenue"),
    "cost": ("points_cost", "points_provision"),
    "rewards": ("points_provision", "rewards"),
}

HEAD = (
    "date",
    "period",
    "point_currency",
    "entry",
    "account",
    "account_name",
    "debit",
    "credit",
    "currency",
    "restates",
    "status",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One side of an entry, in minor units; one of the two is nought."""

    day: date
    entry: Entry
    account: str
    name: str
    debit: int
    credit: int
    restated: bool


@dataclass(frozen=True, kw_only=True)
class Period:
    """A month's amounts: by day, and what earlier booked months became otherwise."""

    month: date
    movements: dict[str, dict[str, int]]
    restated: dict[str, int]
    booked: dict[str, int]
    accounts: dict[str, str]
    money: str
    exponent: int
    closed: bool

    def lines(self, *, by: Grain) -> list[Line]:
        """Two lines an entry that moved; restatements first, on the month's first day."""
        found = _pairs(self, self.month, self.restated, restated=True)
        if by == "day":
            for day, amounts in sorted(self.movements.items()):
                found += _pairs(self, date.fromisoformat(day), amounts)
            return found
        total = {
            name: sum(one.get(name, 0) for one in self.movements.values())
            for name in NAMES
        }
        return found + _pairs(self, month_end(self.month), total)


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def next_month(month: date) -> date:
    return month_end(month) + timedelta(days=1)


def drafted(
    *,
    month: date,
    settings: Settings,
    opening: Sums,
    days: Mapping[date, Sums],
    booked: Mapping[str, int] | None,
) -> Period:
    """A month as the roll-ups say now; `booked` is what stands in closed months before."""
    before = asdict(opening)
    movements: dict[str, dict[str, int]] = {}
    last = before
    for day in sorted(days):
        now = asdict(days[day])
        moved = {
            name: now[name] - last[name] for name in NAMES if now[name] != last[name]
        }
        if moved:
            movements[day.isoformat()] = moved
        last = now
    restated = {}
    if booked is not None:
        restated = {
            name: before[name] - booked.get(name, 0)
            for name in NAMES
            if before[name] != booked.get(name, 0)
        }
    return Period(
        month=month,
        movements=movements,
        restated=restated,
        booked=last,
        accounts=dict(vars(settings.accounts)),
        money=settings.currency,
        exponent=settings.exponent,
        closed=False,
    )


def closed(row: JournalPeriod) -> Period:
    return Period(
        month=row.month,
        movements=row.movements,
        restated=row.restated,
        booked=row.booked,
        accounts=row.accounts,
        money=row.money,
        exponent=row.exponent,
        closed=True,
    )


def _pairs(
    period: Period, day: date, amounts: Mapping[str, int], *, restated: bool = False
) -> list[Line]:
    found = []
    for name in NAMES:
        amount = amounts.get(name, 0)
        if not amount:
            continue
        debit, credit = SIDES[name] if amount > 0 else SIDES[name][::-1]
        for account, is_debit in ((debit, True), (credit, False)):
            found.append(
                Line(
                    day=day,
                    entry=Entry(name),
                    account=period.accounts[account],
                    name=account,
                    debit=abs(amount) if is_debit else 0,
                    credit=0 if is_debit else abs(amount),
                    restated=restated,
                )
            )
    return found


def as_csv(*, period: Period, currency: str, by: Grain) -> str:
    """The file a bookkeeper imports; the same closed month is the same file, byte for byte."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    status = "closed" if period.closed else "provisional"
    until = f"{period.month - timedelta(days=1):%Y-%m}"
    for line in period.lines(by=by):
        writer.writerow(
            [
                line.day.isoformat(),
                f"{period.month:%Y-%m}",
                currency,
                line.entry.value,
                line.account,
                line.name,
                _amount(line.debit, period.exponent),
                _amount(line.credit, period.exponent),
                period.money,
                f"up to {until}" if line.restated else "",
                status,
            ]
        )
    return text.getvalue()


def _amount(minor: int, exponent: int) -> str:
    if not minor:
        return ""
    return f"{formats.major(minor, exponent=exponent):.{exponent}f}"
