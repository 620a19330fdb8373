"""A file of orders earns as the till does, in the transaction that writes it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation

from loyalty.orders import batches, earning
from loyalty.orders.models import Order
from loyalty.points import reasons
from loyalty.points.models import Account, Transfer
from members.imports.models import ImportBatch
from members.programme import queries as programme
from members.programme.services import publish
from tests.factories import AT

pytestmark = pytest.mark.django_db

HEADER = "order_id,member,ordered_at,amount,kind,refund_of,category,sku\n"


def load(tmp_path, rows, *options):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + rows)
    out = StringIO()
    call_command(
        "import_orders", str(path), "--source", "shop", "--json", *options, stdout=out
    )
    return json.loads(out.getvalue())


def positions():
    return {
        account.member.identifiers.get().value: account.unspent - account.debt
        for account in Account.objects.filter(member__isnull=False)
    }


def test_file_earns_and_its_refunds_take_back_by_share(tmp_path):
    load(
        tmp_path,
        "1,ana,2026-03-01 10:00,100.00,,,,\n"
        "2,bo,2026-03-01 10:00,50.99,,,,\n"
        "r1,ana,2026-03-05 10:00,33.33,refund,1,,\n"
        "r2,ana,2026-03-06 10:00,33.33,refund,1,,\n"
        "r3,bo,2026-03-06 10:00,5.00,refund,,,\n",
    )

    # 100 less 33 less 33; a credit note that names no order takes nothing.
    assert positions() == {"ana": 34, "bo": 50}


def test_same_file_again_posts_nothing(tmp_path):
    rows = "1,ana,2026-03-01 10:00,100.00,,,,\nr1,ana,2026-03-05 10:00,50,refund,1,,\n"
    load(tmp_path, rows)
    before = Transfer.objects.count()

    load(tmp_path, rows)

    assert Transfer.objects.count() == before


def test_corrected_order_earns_anew_and_its_refunds_are_taken_back_anew(tmp_path):
    load(
        tmp_path,
        "1,ana,2026-03-01 10:00,100.00,,,,\nr1,ana,2026-03-05 10:00,50,refund,1,,\n",
    )

    load(tmp_path, "1,ana,2026-03-01 10:00,200.00,,,,\n", "--update")
    assert positions() == {"ana": 150}

    load(tmp_path, "r1,ana,2026-03-05 10:00,20,refund,1,,\n", "--update")
    assert positions() == {"ana": 180}


def test_corrected_member_takes_the_points_along(tmp_path):
    load(tmp_path, "1,ana,2026-03-01 10:00,100.00,,,,\n")

    load(tmp_path, "1,bo,2026-03-01 10:00,100.00,,,,\n", "--update")

    assert positions() == {"ana": 0, "bo": 100}


def test_undone_load_takes_its_points_back(tmp_path, ana):
    load(tmp_path, "1,ana,2026-03-01 10:00,100.00,,,,\n")
    batches.undo_batch(batch=ImportBatch.objects.get(), at=AT)

    assert Order.objects.count() == 0
    assert positions() == {"ana": 0}
    back = Transfer.objects.get(kind="reverse")
    with translation.override("zh-hans"):
        # No sentence in anybody's language lies in the books.
        assert back.reason.isascii()
        assert " " not in back.reason
        assert reasons.words(back.reason) != back.reason
    assert reasons.words("Lost parcel") == "Lost parcel"


def test_programme_applied_to_history_twice_posts_once(tmp_path):
    load(
        tmp_path,
        "1,ana,2024-03-01 10:00,100.00,,,,\n2,ana,2026-03-01 10:00,40.00,,,,\n",
    )
    done = earning.earn_many(
        order_ids=list(Order.objects.values_list("pk", flat=True)), actor="", now=AT
    )

    assert (done.orders, done.points) == (0, 0)
    # The points of 2024 were earned and expired when the file was loaded.
    assert positions() == {"ana": 40}
    assert programme.latest().expiry.months == 12


def test_version_published_from_the_beginning_takes_the_place_of_the_first(tmp_path):
    publish(
        values={"earn": {"points": 3}},
        based_on=1,
        effective_from=None,
        by_id=None,
        at=AT,
        orders_exist=False,
    )

    load(tmp_path, "1,ana,2026-03-01 10:00,100.00,,,,\n")

    assert positions() == {"ana": 300}
