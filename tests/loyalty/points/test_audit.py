"""`audit_ledger` finds every kind of wrong row, planted with the triggers off."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from loyalty.points import audit, returns, services
from loyalty.points.checks import CHECKS
from tests.loyalty.points.test_kernel import SETTINGS, Books, on

# One wrong row for each check; {a} is the member's account, {p} one of the programme's,
# {order}, {spent}, {back} and {held} are transfers and a hold of theirs.
PLANTS = {
    "credits": "UPDATE loyalty_transfer SET points = points + 7 WHERE id = {order}",
    "debits": "UPDATE loyalty_transfer SET points = points + 7 WHERE id = {spent}",
    "lot_remaining": "UPDATE loyalty_lot SET remaining = remaining + 1 WHERE transfer_id = {order}",
    "lot_held": "UPDATE loyalty_lot SET held = held - 1 WHERE held > 0 AND account_id = {a}",
    "hold_lots": "DELETE FROM loyalty_holdallocation WHERE hold_id = {held}",
    "hold_resolved": "UPDATE loyalty_hold SET state = 'captured', captured = 5,"
    " resolved_at = placed_at WHERE id = {held}",
    "account_unspent": "UPDATE loyalty_account SET unspent = unspent + 1 WHERE id = {a}",
    "account_held": "UPDATE loyalty_account SET held = held - 1 WHERE id = {a}",
    "account_debt": "UPDATE loyalty_account SET debt = debt + 3 WHERE id = {a}",
    "account_position": "INSERT INTO loyalty_transfer (currency, debit_account_id,"
    " credit_account_id, points, kind, reference, occurred_at, posted_at)"
    " VALUES ('points', {p}, {a}, 9, 'earn', 'forged', now(), now())",
    "trial_balance": "UPDATE loyalty_transfer SET debit_account_id = 999999 WHERE id = {order}",
    "currency": "UPDATE loyalty_transfer SET currency = 'stars' WHERE id = {order}",
    "sides": "UPDATE loyalty_transfer SET kind = 'restore' WHERE id = {order}",
    "lots_of_account": "UPDATE loyalty_lot SET account_id = {p} WHERE transfer_id = {order}",
    "reversed": "UPDATE loyalty_transfer SET points = 500 WHERE id = {back}",
    "restored": "UPDATE loyalty_transfer SET points = 500 WHERE kind = 'restore'",
    "spent_in_time": "UPDATE loyalty_allocation SET occurred_at = occurred_at - interval '1 year'"
    " WHERE transfer_id = {spent}",
    "never_overdrawn": "UPDATE loyalty_allocation SET occurred_at = occurred_at + interval '20 days'"
    " WHERE points < 0",
    "expired_in_time": "UPDATE loyalty_allocation SET occurred_at = occurred_at + interval '1 hour'"
    " WHERE transfer_id IN (SELECT id FROM loyalty_transfer WHERE kind = 'expire')",
    "clocks": "UPDATE loyalty_transfer SET posted_at = occurred_at - interval '1 hour'"
    " WHERE id = {order}",
    "debts": "UPDATE loyalty_debt SET incurred_at = incurred_at - interval '1 day'",
    "activations": "INSERT INTO loyalty_activation (lot_id, at)"
    " SELECT id, available_at - interval '1 day' FROM loyalty_lot WHERE transfer_id = {order}",
    "references": "ALTER TABLE loyalty_transfer DROP CONSTRAINT transfer_reference;"
    " UPDATE loyalty_transfer SET reference = 'same' WHERE id IN ({order}, {spent})",
}


@pytest.fixture
def planted(db):
    """A member's books with some of everything in them, and their names in SQL."""
    books = Books()
    start = on("2026-01-01")
    books.earn(40, start, expires=on("2026-02-01"))
    order = books.earn(100, on("2026-01-02"), expires=on("2027-01-01"))
    spent = books.spend(60, on("2026-01-03"))
    returns.restore(
        redemption=spent,
        points=10,
        reference="some back",
        at=on("2026-01-10"),
        now=on("2026-01-10"),
        settings=SETTINGS,
    )
    books.spend(15, on("2026-01-10"))
    books.earn(30, on("2026-01-11"), expires=on("2026-01-12"))
    held = services.hold(
        member_id=books.member.pk,
        points=20,
        reference="cart",
        expires_at=on("2026-03-01"),
        now=on("2026-01-13"),
        settings=SETTINGS,
    )
    books.give_back(order, 90, on("2026-01-20"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT debit_account_id, (SELECT max(id) FROM loyalty_transfer"
            " WHERE kind = 'reverse') FROM loyalty_transfer WHERE id = %s",
            [order.pk],
        )
        own, back = cursor.fetchone()
    names = {"a": spent.debit_account_id, "p": own, "back": back}
    names |= {"order": order.pk, "spent": spent.pk, "held": held.hold_id}
    return books, names


def _plant(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_books_with_some_of_everything_balance(planted, capsys):
    call_command("audit_ledger", "--json")

    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert (told["broken"], told["rebuild_differs"]) == ([], 0)
    assert told["counts"]["debts"] == told["counts"]["holds"] == 1


def test_there_is_a_planted_row_for_every_check():
    assert sorted(PLANTS) == sorted(check.name for check in CHECKS)


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_planted_wrong_row_is_found_and_its_member_named(planted, name):
    books, names = planted
    assert audit.audit().broken == []

    _plant(PLANTS[name].format(**names))

    broken = {rule.name: rule for rule in audit.audit().broken}
    assert name in broken
    # The whole currency is out of balance, a lot in an account of the programme has no member.
    if name not in ("trial_balance", "lots_of_account"):
        assert books.member.number in {row.member for row in broken[name].rows}


def test_command_names_the_member_and_exits_1(planted, capsys):
    books, names = planted
    _plant(PLANTS["account_unspent"].format(**names))

    with pytest.raises(SystemExit) as ended:
        call_command("audit_ledger")

    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"{books.member.number}  account {names['a']}: expected" in told
    assert "rebuild: 1 rows differ" in told


def test_lines_never_give_back_more_than_they_got(db):
    books = Books()
    at = on("2026-01-02")
    posted = books.earn_parts({"1": 60, "2": 40}, at)

    books.give_back(posted, 40, at, parts={"2": 40})

    with pytest.raises(books.refused):
        books.give_back(posted, 1, at + timedelta(days=1), parts={"2": 1})
    assert books.numbers(at) == (60, 60, 0, 0, 0)
