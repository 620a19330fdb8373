"""The journal: balanced, the same file for a closed month, restatements marked."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command

from config.lib import clock
from loyalty.liability import journal, services
from tests import factories
from tests.loyalty.points import pages
from tests.loyalty.points.test_kernel import Books

pytestmark = pytest.mark.django_db
FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)


def at(text: str):
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.fixture
def mia():
    """1,000 given for goodwill in February (at 0.01 each 10.00), 300 redeemed in March."""
    member = pages.member()
    pages.give(member, 1_000, at=at("2026-02-10T12:00"))
    pages.spend(member, 300, at=at("2026-03-05T12:00"))
    return member


def lines(month: date, by: journal.Grain = "month", now: str = "2026-04-02T12:00"):
    period = services.draft_of(currency="points", month=month, at=at(now))
    text = journal.as_csv(period=period, currency="points", by=by)
    return list(csv.DictReader(io.StringIO(text)))


def close(month: date, now: str = "2026-04-02T12:00"):
    return services.close_month(currency="points", month=month, by="user:1", at=at(now))


def refresh(now: str = "2026-04-02T00:05"):
    return services.refresh(at=at(now))


def said(rows) -> list[tuple[str, str, str, str, str]]:
    return [
        (row["date"], row["account"], row["debit"], row["credit"], row["restates"])
        for row in rows
    ]


def test_given_points_cost_when_given_and_leave_the_provision_when_redeemed(mia):
    refresh()

    assert said(lines(FEBRUARY)) == [
        ("2026-02-28", "6400", "10.00", "", ""),
        ("2026-02-28", "2410", "", "10.00", ""),
    ]
    assert said(lines(MARCH))[-2:] == [
        ("2026-03-31", "2410", "3.00", "", ""),
        ("2026-03-31", "4030", "", "3.00", ""),
    ]


@pytest.mark.parametrize("by", ["day", "month"])
def test_debits_equal_credits_on_every_date(mia, by):
    order = Books()
    order.earn(700, at("2026-02-11T12:00"))
    refresh()

    sums: dict[str, Decimal] = defaultdict(Decimal)
    for month in (FEBRUARY, MARCH):
        for row in lines(month, by):
            sums[row["date"]] += Decimal(row["debit"] or 0) - Decimal(
                row["credit"] or 0
            )
    assert sums
    assert set(sums.values()) == {Decimal(0)}


def test_days_add_up_to_their_month(mia):
    refresh()

    def total(by):
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in lines(MARCH, by):
            found[row["account"]] += Decimal(row["debit"] or 0)
            found[row["account"]] -= Decimal(row["credit"] or 0)
        return {account: amount for account, amount in found.items() if amount}

    assert total("day") == total("month")


def test_closed_month_is_the_same_file_whatever_is_told_later(mia):
    refresh()
    close(FEBRUARY)
    before = lines(FEBRUARY)
    # 200 more, given in February and told in April.
    late = pages.member()
    pages.services.adjust(
        member_id=late.pk,
        points=200,
        reference="late",
        reason="",
        actor="",
        at=at("2026-02-20T12:00"),
        now=at("2026-04-02T11:00"),
        settings=pages.programme.settings_at(at=pages.NOW),
    )
    refresh("2026-04-02T12:00")

    assert lines(FEBRUARY) == before
    assert {row["status"] for row in before} == {"closed"}
    march = said(lines(MARCH))
    assert march[:2] == [
        ("2026-03-01", "6400", "2.00", "", "up to 2026-02"),
        ("2026-03-01", "2410", "", "2.00", "up to 2026-02"),
    ]
    assert all(not row[-1] for row in march[2:])


def test_closing_twice_is_closing_once(mia):
    refresh()

    assert close(FEBRUARY) == close(FEBRUARY)


def test_months_close_in_their_order(mia):
    refresh()
    close(FEBRUARY)
    pages.give(mia, 10, at=at("2026-04-01T12:00"))
    refresh()

    with pytest.raises(services.PeriodsInOrder, match="2026-03"):
        lines(date(2026, 4, 1))


def test_month_that_is_not_over_is_not_closed(mia):
    refresh()

    with pytest.raises(services.PeriodNotOver):
        close(MARCH, now="2026-03-31T12:00")


def test_month_without_points_has_no_journal(mia):
    refresh()

    with pytest.raises(services.NoMovements):
        lines(date(2025, 1, 1))


def test_books_that_do_not_close_are_not_booked(mia):
    from django.db import connection  # noqa: PLC0415  one use

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE loyalty_transfer SET points = points + 1 WHERE kind = 'adjust'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    refresh()

    with pytest.raises(services.BooksDoNotClose):
        close(FEBRUARY)


def test_accounts_are_the_companys_own(mia):
    from members.programme.models import ProgrammeVersion  # noqa: PLC0415  one use

    ProgrammeVersion.objects.create(
        number=2,
        settings={
            "time_zone": "UTC",
            "currency": "EUR",
            "name": "Tern",
            "accounts": {"points_cost": "66 020"},
        },
        created_at=factories.AT,
    )
    refresh()

    assert lines(FEBRUARY)[0]["account"] == "66 020"


def test_command_closes_and_writes_the_file(mia, tmp_path, capsys):
    place = tmp_path / "journal.csv"
    with clock.override(at("2026-04-02T12:00")):
        call_command(
            "export_journal",
            "--month=2026-02",
            "--close",
            f"--out={place}",
            "--json",
        )

    assert json.loads(capsys.readouterr().out) == {
        "month": "2026-02",
        "currency": "points",
        "lines": 2,
        "closed": True,
        "restated": False,
    }
    assert len(place.read_text().splitlines()) == 3


@pytest.mark.parametrize("month", ["2026-13", "February"])
def test_command_refuses_what_is_no_month(month, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("export_journal", f"--month={month}")

    assert ended.value.code == 2
    assert "2026-10" in capsys.readouterr().err
