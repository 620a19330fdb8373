"""Making the roll-ups, checking them, and closing periods of the journal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import locks, periods
from config.lib.errors import DomainError
from loyalty.liability import journal, queries, rollup, rules
from loyalty.liability.models import (
    JournalPeriod,
    LiabilityDay,
    LiabilityRun,
)
from loyalty.points import kernel, nightly
from members.programme import queries as programme
from members.programme.rules import Settings

LOCK = "loyalty.liability"
# So many wrong rows are named; the rest are counted.
SHOWN = 100
# Runs that are kept, to see since when the books do not close.
KEPT = 400
_MEMORY = "SET LOCAL work_mem = '256MB'"
_FINANCE = ("allocated", "redeemed", "estimate", "cost", "rewards")


class BooksDoNotClose(DomainError):
    code = "books_do_not_close"
    message = gettext_lazy(
        "The roll-forward does not close, so nothing can be booked from it. The page "
        "names the members whose rows are wrong."
    )


class PeriodNotOver(DomainError):
    code = "period_not_over"
    field = "month"


class PeriodsInOrder(DomainError):
    code = "periods_in_order"
    field = "month"


class NoMovements(DomainError):
    code = "no_movements"
    field = "month"


def refresh(*, at: datetime) -> LiabilityRun:
    """Bring the roll-ups up to date if anything was posted or a day began since."""
    run = queries.latest_run()
    settings = programme.settings_at(at=at)
    nightly.catch_up(now=at)
    if (
        run is not None
        and run.last_day == periods.day_of(at, settings.zone)
        and run.time_zone == settings.time_zone
        and run.seen == queries.seen()
    ):
        return run
    return rebuild(at=at, settings=settings)


def rebuild(*, at: datetime, settings: Settings) -> LiabilityRun:
    """Make every roll-up again from the books, in one transaction, and check them.

    What is due is posted first: points whose end has come are no longer owed. Readers
    see the old roll-ups until the new ones are whole.
    """
    nightly.catch_up(now=at)
    started = time.perf_counter()
    with locks.held(LOCK), transaction.atomic():
        last = periods.day_of(at, settings.zone)
        seen = queries.seen()
        made = _roll_up(settings, last)
        for currency in settings.currencies:
            if currency.spendable:
                _value(currency.key, settings)
        broken = kernel.run(rollup.BROKEN, {"zone": settings.time_zone, "shown": SHOWN})
        run = LiabilityRun.objects.create(
            at=at,
            time_zone=settings.time_zone,
            last_day=last,
            seen=seen,
            closes=not broken and _closes(),
            broken_count=broken[0]["broken"] if broken else 0,
            broken=[_named(row) for row in broken],
            cells=made,
            seconds=time.perf_counter() - started,
        )
        LiabilityRun.objects.filter(pk__lte=run.pk - KEPT).delete()
    return run


def _roll_up(settings: Settings, last: date) -> int:
    zone = settings.time_zone
    from_days, values = queries.point_values()
    told: dict[str, Any] = {"zone": zone, "from_days": from_days, "values": values}
    with connection.cursor() as cursor:
        cursor.execute(_MEMORY)
        cursor.execute("DELETE FROM loyalty_liabilitycell")
        cursor.execute("DELETE FROM loyalty_liabilityday")
        cursor.execute(rollup.CELLS, told)
        made = int(cursor.rowcount)
        cursor.execute(rollup.DAYS, {"zone": zone, "last": last})
        cursor.execute("ANALYZE loyalty_liabilitycell, loyalty_liabilityday")
    return made


def _value(currency: str, settings: Settings) -> None:
    """Write what IFRS 15 and the provision say of every day of a currency."""
    found = queries.extent(currency=currency)
    if found is None:
        return
    first, last = found
    count = (last - first).days + 1
    walked = rules.walked(
        queries.cells(currency=currency, until=last),
        days=[first + timedelta(days=n) for n in range(count)],
        exponent=settings.exponent,
    )
    sums = {day: found for day, found, _walk in walked}
    rows = list(LiabilityDay.objects.filter(currency=currency))
    for row in rows:
        for name in _FINANCE:
            setattr(row, f"{name}_minor", getattr(sums[row.day], name))
    LiabilityDay.objects.bulk_update(
        rows, [f"{name}_minor" for name in _FINANCE], batch_size=500
    )


def _closes() -> bool:
    """Whether what moved and what lies there agree at the end of every day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM loyalty_liabilityday"
            " WHERE closing <> pending + active - debt OR held > active"
            " OR least(pending, active, held, debt) < 0)"
        )
        return bool(cursor.fetchone()[0])


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("member", "currency", "day", "expected", "found")
    }


def close_month(*, currency: str, month: date, by: str, at: datetime) -> JournalPeriod:
    """Book a month: its lines are fixed. Again, it is the same period.

    Months close in their order. What earlier closed months have become since, by
    postings told late, comes with this one and is marked as restated. Raises
    `PeriodNotOver`, `PeriodsInOrder`, `BooksDoNotClose`, `NoMovements`.
    """
    settings = programme.settings_at(at=at)
    with locks.held(LOCK), transaction.atomic():
        done = JournalPeriod.objects.filter(currency=currency, month=month).first()
        if done is not None:
            return done
        found = _drafted(currency=currency, month=month, settings=settings)
        if journal.month_end(month) >= periods.day_of(at, settings.zone):
            text = _("%(month)s is not over yet.")
            raise PeriodNotOver(text % {"month": f"{month:%Y-%m}"})
        return JournalPeriod.objects.create(
            currency=currency,
            month=month,
            money=settings.currency,
            exponent=settings.exponent,
            movements=found.movements,
            restated=found.restated,
            booked=found.booked,
            accounts=dict(vars(settings.accounts)),
            closed_at=at,
            closed_by=by,
        )


def draft_of(*, currency: str, month: date, at: datetime) -> journal.Period:
    """A month's journal: as it was closed, or as it would be now. Raises as `close_month`."""
    done = JournalPeriod.objects.filter(currency=currency, month=month).first()
    if done is not None:
        return journal.closed(done)
    settings = programme.settings_at(at=at)
    return _drafted(currency=currency, month=month, settings=settings)


def _drafted(*, currency: str, month: date, settings: Settings) -> journal.Period:
    run = queries.latest_run()
    extent = queries.extent(currency=currency)
    if run is None or extent is None or not _has_days(month, extent):
        text = _("There are no movements of %(currency)s in %(month)s.")
        raise NoMovements(text % {"currency": currency, "month": f"{month:%Y-%m}"})
    if not run.closes:
        raise BooksDoNotClose
    last = JournalPeriod.objects.filter(currency=currency).order_by("-month").first()
    if last is not None and month != journal.next_month(last.month):
        text = _("Months are booked in their order: %(month)s comes next.")
        due = journal.next_month(last.month)
        raise PeriodsInOrder(text % {"month": f"{due:%Y-%m}"})
    before = journal.month_start(month) - timedelta(days=1)
    return journal.drafted(
        month=month,
        settings=settings,
        opening=queries.sums_at(currency=currency, day=before),
        days=_sums_by_day(
            queries.days(currency=currency, first=month, last=journal.month_end(month))
        ),
        booked=last.booked if last else None,
    )


def _has_days(month: date, extent: tuple[date, date]) -> bool:
    return month <= extent[1] and journal.month_end(month) >= extent[0]


def _sums_by_day(rows: Iterable[LiabilityDay]) -> dict[date, rules.Sums]:
    return {row.day: queries.sums_of(row) for row in rows}
