from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from analytics.facts import export, files, queries, services
from analytics.facts.models import FactsSegment
from analytics.metrics import state
from loyalty.orders.models import ChangedMonth, OrderLine
from members.profiles.models import ChangedMember, Identifier, Member
from members.programme.rules import Settings
from tests import factories

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


def mark(*months: date) -> None:
    for month in months:
        ChangedMonth.objects.create(month=month)


def read(kind: str, *, as_of: date = date(2026, 3, 1)) -> list[dict]:
    with queries.opened(as_of=as_of, settings=Settings()) as facts:
        table = getattr(facts, kind)
        return state.rows(table.order_by(table.columns[0]))


def test_refresh_exports_orders_as_the_facts_schema_says(books):
    shop = factories.store("S1")
    ana = factories.member("17", store=shop, acquisition_channel="web")
    factories.order(ana, minor=1050, on=JANUARY, channel="app", store=shop)
    factories.order(ana, minor=50, on=FEBRUARY, kind="refund", margin_minor=-5)

    services.refresh(at=AT)

    orders = read("orders")
    assert [{**row, "order_id": None} for row in orders] == [
        {
            "order_id": None,
            "member_id": ana.pk,
            "day": JANUARY,
            "is_refund": False,
            "amount": 1050,
            "margin": None,
            "channel": "app",
            "store": "S1",
        },
        {
            "order_id": None,
            "member_id": ana.pk,
            "day": FEBRUARY,
            "is_refund": True,
            "amount": 50,
            "margin": -5,
            "channel": None,
            "store": None,
        },
    ]


def test_refresh_exports_members_with_the_key_of_their_id(books):
    shop = factories.store("S1")
    ana = factories.member("17", store=shop, acquisition_channel="web")

    services.refresh(at=AT)

    assert read("members") == [
        {
            "member_id": ana.pk,
            "external_id": "17",
            "id_key": "00000000000000000017",
            "joined_on": date(2026, 1, 1),
            "store": "S1",
            "acquisition_channel": "web",
        }
    ]


def test_refresh_exports_lines_with_the_day_of_their_order(books):
    ana = factories.member()
    order = factories.order(ana, minor=300, on=JANUARY)
    OrderLine.objects.create(
        order=order,
        line_no=1,
        sku="A1",
        category="",
        quantity=Decimal("1.500"),
        amount_minor=300,
    )

    services.refresh(at=AT)

    assert read("lines") == [
        {
            "order_id": order.pk,
            "member_id": ana.pk,
            "day": JANUARY,
            "is_refund": False,
            "category": None,
            "sku": "A1",
            "quantity": 1.5,
            "amount": 300,
            "margin": None,
        }
    ]


def test_refresh_never_names_a_member_by_mail_or_phone(books):
    ana = factories.member("c-1")
    Identifier.objects.filter(member=ana).update(type="email", value="a@b.example")

    services.refresh(at=AT)

    assert [row["external_id"] for row in read("members")] == [
        Member.objects.get().number
    ]


def test_joined_on_falls_back_to_first_order_then_to_creation(books):
    early = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    factories.member("a", joined_on=None, first_order_at=early)
    factories.member("b", joined_on=None, created_at=early)

    services.refresh(at=AT)

    zone = date(2026, 1, 1) if _zone() == "Europe/Berlin" else date(2025, 12, 31)
    assert {row["external_id"]: row["joined_on"] for row in read("members")} == {
        "a": zone,
        "b": zone,
    }


def _zone() -> str:
    from members.programme import queries as programme  # noqa: PLC0415  needs Django

    return programme.latest().time_zone


def test_merged_members_are_gone_and_their_orders_are_the_survivors(books):
    ana, bob = factories.member("a"), factories.member("b")
    factories.order(bob, on=JANUARY)
    Member.objects.filter(pk=bob.pk).update(merged_into=ana)

    services.refresh(at=AT)

    assert [row["member_id"] for row in read("orders")] == [ana.pk]
    assert [row["member_id"] for row in read("members")] == [ana.pk]


def test_refresh_without_changes_writes_nothing(books):
    factories.order(factories.member(), on=JANUARY)
    services.refresh(at=AT)
    before = queries.version()

    again = services.refresh(at=AT)

    assert (again.changed, queries.version()) == (False, before)


def test_refresh_writes_only_the_months_marked(books):
    ana = factories.member()
    factories.order(ana, on=JANUARY)
    factories.order(ana, on=FEBRUARY)
    services.refresh(at=AT)
    kept = FactsSegment.objects.live().get(kind="orders", month=FEBRUARY).path
    factories.order(ana, on=date(2026, 1, 20), minor=7)
    mark(date(2026, 1, 1))

    done = services.refresh(at=AT)

    assert done.months == frozenset({JANUARY})
    assert FactsSegment.objects.live().get(kind="orders", month=FEBRUARY).path == kept
    assert sorted(row["amount"] for row in read("orders")) == [7, 1000, 1000]


def test_few_months_and_all_months_export_the_same_rows(books, monkeypatch):
    ana = factories.member()
    for month in (1, 2):
        order = factories.order(ana, on=date(2026, month, 5))
        OrderLine.objects.create(order=order, line_no=1, amount_minor=9, category="x")
    services.refresh(at=AT)
    by_scan = read("orders"), read("lines")
    mark(JANUARY, FEBRUARY)

    services.refresh(at=AT)

    assert (read("orders"), read("lines")) == by_scan


def test_many_marked_months_leave_the_others_alone(books, monkeypatch):
    monkeypatch.setattr(export, "FEW_MONTHS", 0)
    ana = factories.member()
    factories.order(ana, on=JANUARY)
    factories.order(ana, on=FEBRUARY)
    services.refresh(at=AT)
    mark(JANUARY)

    services.refresh(at=AT)

    assert [row["day"] for row in read("orders")] == [JANUARY, FEBRUARY]
    assert FactsSegment.objects.live().filter(kind="orders").count() == 2


def test_month_that_lost_all_orders_has_no_segment(books):
    order = factories.order(factories.member(), on=JANUARY)
    services.refresh(at=AT)
    order.delete()
    mark(JANUARY)

    services.refresh(at=AT)

    assert read("orders") == []
    assert not FactsSegment.objects.live().filter(kind="orders").exists()


def test_refresh_deletes_exactly_the_marks_it_saw(books, monkeypatch):
    factories.order(factories.member(), on=JANUARY)
    mark(JANUARY)
    original = export.write

    def write_while_somebody_imports(**arguments):
        original(**arguments)
        mark(FEBRUARY)
        ChangedMember.objects.create(member_id=1)

    monkeypatch.setattr(export, "write", write_while_somebody_imports)

    services.refresh(at=AT)

    assert [found.month for found in ChangedMonth.objects.all()] == [FEBRUARY]
    assert ChangedMember.objects.count() == 1


def test_crash_after_writing_leaves_the_old_facts_and_all_marks(books, monkeypatch):
    ana = factories.member()
    factories.order(ana, on=JANUARY)
    services.refresh(at=AT)
    factories.order(ana, on=JANUARY)
    mark(JANUARY)

    def die(**arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(services, "_switch", die)
        with pytest.raises(KeyboardInterrupt):
            services.refresh(at=AT)

    assert len(read("orders")) == 1
    assert ChangedMonth.objects.count() == 1
    services.refresh(at=AT)
    assert len(read("orders")) == 2


@pytest.mark.parametrize("kind", ["members", "orders"])
def test_lost_files_are_pending_and_never_read_as_nothing(books, kind):
    factories.order(factories.member("17"), minor=1050, on=JANUARY)
    services.refresh(at=AT)
    assert not queries.pending()

    files.remove(files.root() / FactsSegment.objects.live().get(kind=kind).path)

    assert queries.pending()
    with pytest.raises(queries.FactsLost):
        read("orders")


def test_lost_files_are_exported_again(books):
    factories.order(factories.member(), on=JANUARY)
    services.refresh(at=AT)
    lost = FactsSegment.objects.live().get(kind="orders")
    files.remove(files.root() / lost.path)

    services.refresh(at=AT)

    assert len(read("orders")) == 1


def test_old_readers_keep_their_files_for_an_hour(books):
    factories.order(factories.member(), on=JANUARY)
    services.refresh(at=AT)
    old = FactsSegment.objects.live().get(kind="orders").path
    mark(JANUARY)
    services.refresh(at=AT)

    assert files.parquet_of(old) != []
    services.refresh(at=AT + timedelta(minutes=61))
    assert files.parquet_of(old) == []


def test_refresh_inside_a_transaction_is_refused(books):
    with pytest.raises(RuntimeError), transaction.atomic():
        services.refresh(at=AT)


def test_no_orders_at_all_still_opens(books):
    services.refresh(at=AT)

    assert (read("orders"), read("lines"), read("members")) == ([], [], [])


def test_manifest_holds_one_live_segment_a_month(books):
    row = {
        "kind": "members",
        "path": "x",
        "rows": 0,
        "bytes": 0,
        "digest": "",
        "sealed_at": AT,
    }
    FactsSegment.objects.create(**row)

    with pytest.raises(Exception, match="facts_segment_one_live_a_month"):
        FactsSegment.objects.create(**row)


def test_opened_facts_are_cut_to_the_scope(books):
    here, there = factories.store("here"), factories.store("there")
    factories.order(factories.member(store=here), on=JANUARY, store=here, minor=1)
    factories.order(factories.member(store=there), on=JANUARY, store=there, minor=2)
    services.refresh(at=AT)

    with queries.opened(
        as_of=date(2026, 3, 1), settings=Settings(), stores=frozenset({here.pk})
    ) as facts:
        amounts = [row["amount"] for row in state.rows(facts.orders)]

    assert amounts == [1]


def test_connection_string_carries_what_libpq_needs(books):
    from analytics.facts import engine  # noqa: PLC0415  needs Django

    name = connection.settings_dict["NAME"]
    assert f"dbname={name}" in engine.conninfo()
