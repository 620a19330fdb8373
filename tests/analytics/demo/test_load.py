"""The retailer in PostgreSQL: whole, consistent, resumable, refused where not wanted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from analytics.demo import queries, rules
from analytics.demo import services as demo
from loyalty.orders.models import ChangedMonth, Order, OrderLine
from members.access.models import Store
from members.audit.models import AuditEntry
from members.profiles.models import ChangedMember, Identifier, Member
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from tests import factories

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = (
    "members_member",
    "members_identifier",
    "members_consent",
    "members_attribute",
    "members_label",
    "members_store",
    "loyalty_order",
    "loyalty_orderline",
    "loyalty_transfer",
    "loyalty_lot",
    "loyalty_hold",
)
pytestmark = pytest.mark.django_db


def load(*, members: int = 300, months: int = 6, **changes: Any) -> demo.Loaded:
    values = {"seed": 5, "end": None, "at": AT, **changes}
    return demo.load(members=members, months=months, **values)


def one(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def state() -> dict[str, str]:
    """A digest of every table's rows by what they say, whatever ids they were given.

    Members keep their ids, orders are called by their numbers, moments of this
    machine's clock are no part of it.
    """
    rows = {
        "loyalty_order": """
            SELECT to_jsonb(o) - 'id' - 'refund_of_id' - 'store_id'
                   || jsonb_build_object('refund_of', r.external_id, 'store', s.code)
              FROM loyalty_order o
              LEFT JOIN loyalty_order r ON r.id = o.refund_of_id
              LEFT JOIN members_store s ON s.id = o.store_id
        """,
        "loyalty_orderline": """
            SELECT jsonb_build_array(to_jsonb(l) - 'id' - 'order_id', o.external_id)
              FROM loyalty_orderline l JOIN loyalty_order o ON o.id = l.order_id
        """,
        "loyalty_transfer": """
            SELECT to_jsonb(t) - 'id' - 'debit_account_id' - 'credit_account_id' - 'digest'
                   - 'reference' - 'reverses_id'
                   || jsonb_build_object('from', d.member_id, 'to', c.member_id)
              FROM loyalty_transfer t
              JOIN loyalty_account d ON d.id = t.debit_account_id
              JOIN loyalty_account c ON c.id = t.credit_account_id
        """,
        "loyalty_lot": """
            SELECT to_jsonb(l) - 'id' - 'account_id' - 'transfer_id'
                   || jsonb_build_object('member', a.member_id)
              FROM loyalty_lot l JOIN loyalty_account a ON a.id = l.account_id
        """,
        "loyalty_hold": """
            SELECT jsonb_build_array(to_jsonb(h) - 'id' - 'account_id', a.member_id)
              FROM loyalty_hold h JOIN loyalty_account a ON a.id = h.account_id
        """,
        "members_member": """
            SELECT to_jsonb(m) - 'store_id' || jsonb_build_object('store', s.code)
              FROM members_member m LEFT JOIN members_store s ON s.id = m.store_id
        """,
        "members_store": "SELECT to_jsonb(ARRAY[code, name]) FROM members_store",
    }
    return {
        table: one(
            "SELECT md5(string_agg(row::text, ',' ORDER BY row::text)) FROM ("
            + rows.get(table, f"SELECT to_jsonb(t) - 'id' FROM {table} t")
            + ") AS found (row)"
        )
        for table in TABLES
    }


def test_load_writes_everybody_and_everything():
    done = load()

    assert done.members == Member.objects.count() == 300
    assert done.orders == Order.objects.orders().count() > 300
    assert done.refunds == Order.objects.refunds().count() > 0
    assert done.lines == OrderLine.objects.count()
    assert Store.objects.count() == 40


def test_load_again_changes_nothing():
    load()
    before = state()
    marks = ChangedMember.objects.count()

    again = load()

    assert (again.new, again.posted) == (0, 0)
    assert state() == before
    assert ChangedMember.objects.count() == marks


def test_load_goes_on_with_the_day_it_was_begun_with():
    load()

    later = load(at=datetime(2026, 3, 9, 12, tzinfo=UTC))

    assert (later.new, later.plan.end) == (0, date(2026, 2, 28))


def test_load_ends_with_the_last_whole_local_day():
    """16:30 in UTC is the next day in Shanghai."""
    done = load(at=datetime(2026, 3, 1, 16, 30, tzinfo=UTC))

    assert done.plan.end == date(2026, 3, 1)
    assert one("SELECT max(day) FROM loyalty_order") <= done.plan.end


def test_nothing_is_in_the_future():
    load()

    for query in (
        "SELECT max(placed_at) FROM loyalty_order",
        "SELECT max(created_at) FROM members_member",
        "SELECT max(at) FROM members_consent",
        "SELECT max(from_at) FROM members_label",
    ):
        assert one(query) < AT


def test_days_are_those_of_the_programme():
    load()

    assert (
        one(
            "SELECT count(*) FROM loyalty_order"
            " WHERE day <> (placed_at AT TIME ZONE 'Asia/Shanghai')::date"
        )
        == 0
    )


def test_orders_and_lines_balance():
    load()

    assert Order.objects.filter(lines__isnull=True).count() == 0
    assert (
        one("""
            SELECT count(*) FROM loyalty_order o JOIN (
                   SELECT order_id, sum(amount_minor) AS amount,
                          sum(margin_minor) AS margin
                     FROM loyalty_orderline GROUP BY order_id) l
                ON l.order_id = o.id
             WHERE o.amount_minor <> l.amount OR o.margin_minor <> l.margin
        """)
        == 0
    )


def test_refunds_name_larger_earlier_orders_of_the_same_member():
    load()

    assert (
        one("""
            SELECT count(*) FROM loyalty_order r JOIN loyalty_order o
                ON o.id = r.refund_of_id
             WHERE r.kind <> 'refund' OR o.kind <> 'order'
                OR r.member_id <> o.member_id OR r.amount_minor > o.amount_minor
                OR r.placed_at <= o.placed_at
        """)
        == 0
    )
    assert Order.objects.refunds().filter(refund_of__isnull=False).exists()


def test_members_know_their_first_and_last_order():
    load()

    assert (
        one("""
            SELECT count(*) FROM members_member m LEFT JOIN (
                   SELECT member_id, min(placed_at) AS first, max(placed_at) AS last
                     FROM loyalty_order WHERE kind = 'order' GROUP BY member_id) o
                ON o.member_id = m.id
             WHERE m.first_order_at IS DISTINCT FROM o.first
                OR m.last_order_at IS DISTINCT FROM o.last
        """)
        == 0
    )
    assert Member.objects.filter(first_order_at__isnull=True).exists()


def test_a_members_first_identifier_is_the_card():
    load()

    first = Identifier.objects.order_by("member_id", "id").distinct("member_id")
    assert {found.type for found in first} == {"external"}
    assert len(first) == 300


def test_identifiers_are_of_four_types_and_reach_nobody():
    load()
    found = Identifier.objects.values_list("type", "value")

    assert {kind for kind, _value in found} == {"external", "phone", "email", "wechat"}
    phones = [value for kind, value in found if kind == "phone"]
    assert {phone[:6] for phone in phones} == {"+86154"}
    assert {len(phone) for phone in phones} == {14}
    domains = {value.split("@")[1] for kind, value in found if kind == "email"}
    assert domains == {"example.com", "example.net", "example.org"}


def test_names_are_chinese_and_english():
    load()
    names = dict(Member.objects.values_list("name", "language"))
    chinese = {name for name in names if "\u4e00" <= name[0] <= "\u9fff"}

    assert {names[name] for name in chinese} == {"zh-hans"}
    assert {names[name] for name in set(names) - chinese} == {"en"}


def test_changes_are_marked_for_the_facts():
    load()

    assert set(ChangedMember.objects.values_list("member_id", flat=True)) == set(
        Member.objects.values_list("pk", flat=True)
    )
    months = set(ChangedMonth.objects.values_list("month", flat=True))
    assert months == {
        day.replace(day=1) for day in Order.objects.values_list("day", flat=True)
    }


def test_the_retailer_has_a_name_a_zone_and_a_currency():
    load()
    settings = programme.settings_at(at=AT)

    assert settings.name == rules.NAME
    assert (settings.time_zone, settings.currency) == ("Asia/Shanghai", "CNY")
    assert set(Order.objects.values_list("currency", flat=True)) == {"CNY"}


def test_a_zone_and_currency_from_the_environment_stay():
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE members_programmeversion CASCADE")
    ProgrammeVersion.objects.create(
        number=1,
        settings={"time_zone": "America/New_York", "currency": "JPY"},
        created_at=AT,
    )

    load(members=60)

    assert set(Order.objects.values_list("currency", flat=True)) == {"JPY"}
    assert (
        one(
            "SELECT count(*) FROM loyalty_order"
            " WHERE day <> (placed_at AT TIME ZONE 'America/New_York')::date"
        )
        == 0
    )


def test_load_is_refused_beside_members_of_somebody_else():
    factories.member()

    with pytest.raises(demo.NotEmpty):
        load()

    assert Member.objects.count() == 1
    assert not Store.objects.exists()
    assert queries.begun() is None


def test_load_again_is_fine_beside_members_that_came_later():
    load()
    factories.member()

    assert load().new == 0


@pytest.mark.parametrize(
    "change",
    [{"members": 301}, {"months": 7}, {"seed": 6}, {"end": date(2026, 2, 1)}],
    ids=str,
)
def test_another_demo_is_refused(change):
    load()
    before = state()

    with pytest.raises(demo.AnotherDemo, match="--members 300 --months 6 --seed 5"):
        load(**change)

    assert state() == before


def test_an_end_that_is_not_over_is_refused():
    with pytest.raises(demo.EndAhead, match="2026-02-28"):
        load(end=date(2026, 3, 1))

    assert queries.begun() is None


def test_load_is_audited_without_personal_values():
    load()

    entry = AuditEntry.objects.get(action="demo.load")
    assert entry.details == {
        "members": 300,
        "months": 6,
        "seed": 5,
        "end": "2026-02-28",
        "first_member": Member.objects.order_by("pk").first().pk,
    }


def killed(*, members: int, blocks: int, seconds: float) -> int:
    found = connection.settings_dict
    url = f"postgres://{found['USER']}@/{found['NAME']}?host={quote(found['HOST'])}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    arguments = [str(members), str(blocks), str(seconds)]
    return subprocess.run(
        [sys.executable, "-m", "tests.analytics.demo.killed_load", *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
    ).returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocks", "seconds"), [(0, 0.1), (1, 0.0), (1, 0.1), (3, 0.0)], ids=str
)
def test_a_load_killed_and_started_again_ends_in_the_same_state(
    transactional_db, blocks, seconds
):
    members = rules.BLOCK + 200

    assert killed(members=members, blocks=blocks, seconds=seconds) == -signal.SIGKILL
    between = Member.objects.count()
    resumed = load(members=members, months=3)

    assert between in (0, rules.BLOCK, members)
    assert resumed.new == 2 - -(-between // rules.BLOCK)
    after = state()
    first = Member.objects.order_by("pk").first().pk
    clear()
    next_member_is(first)
    load(members=members, months=3)
    assert state() == after


def clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE members_member, members_auditentry, members_programmeversion,"
            " members_store, members_user, members_changedmember,"
            " loyalty_changedmonth, loyalty_transfer CASCADE"
        )
    factories.seeds()


def next_member_is(first: int) -> None:
    """The next member gets this id, as in a database as fresh as the killed one's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('members_member', 'id'), %s, false)",
            [first],
        )
