"""Members beside orders, taken back, and over a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from loyalty.orders.models import Order
from members.imports import uploads
from members.imports.kinds import Undone
from members.imports.models import ImportBatch
from members.profiles.models import (
    Attribute,
    ChangedMember,
    Consent,
    Identifier,
    Member,
)
from members.programme.services import publish
from tests import factories
from tests.members.imports.people import counts, known, rejects

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = """member,name,email,store,language,email_consent,size
c-1,Ana,ana@x.org,S-1,en,yes,M
c-2,张伟,,,zh,no,
~email:cy@x.org,Cy,,S-2,,,L
c-4,Di,,,,,
"""
ORDERS = """order_id,member,ordered_at,amount,store
1,c-1,2026-01-03,10.00,S-9
2,c-2,2026-01-04,5.00,S-2
3,c-2,2026-01-02,5.00,S-3
4,~email:cy@x.org,2026-01-05,7.00,
5,c-9,2026-01-06,1.00,S-1
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def people(csv_file):
    return csv_file(PEOPLE, name="people.csv")


@pytest.fixture
def orders(csv_file):
    return csv_file(ORDERS, name="orders.csv")


@pytest.fixture
def earns_nothing(db):
    """Who has an account of points outlives the load that created him."""
    publish(
        values={"earn": None},
        based_on=1,
        effective_from=None,
        by_id=None,
        at=AT,
        orders_exist=False,
    )


def undone(batch: int) -> Undone:
    by = factories.user("admin")
    return uploads.undo(batch_id=batch, by=by, at=factories.AT)


def test_orders_and_members_give_the_same_members_in_either_order(
    load, people, orders, earns_nothing
):
    batches = [load("members", people)["batch"], load("orders", orders)["batch"]]
    members_first = known()
    for batch in reversed(batches):
        undone(batch)
    assert not Member.objects.exists()

    load("orders", orders)
    summary = load("members", people)

    assert (counts(summary), summary["members_created"]) == ((4, 0, 0, 0), 1)
    assert known() == members_first
    stores = {key[0][1]: row["store__code"] for key, row in members_first.items()}
    assert stores == {
        "ana@x.org": "S-1",
        "c-2": "S-3",
        "cy@x.org": "S-2",
        "c-4": None,
        "c-9": "S-1",
    }


def test_a_member_is_described_once_without_update(load, csv_file, orders):
    load("orders", orders)
    load("members", csv_file("member,store\nc-1,S-1\n"))

    summary = load("members", csv_file("member,store\nc-1,S-2\n"))

    assert (counts(summary), rejects()) == ((0, 0, 0, 1), [(2, "changed")])


def test_undo_removes_members_of_whom_nothing_else_is_known(load, people):
    batch = load("members", people)["batch"]
    made = set(Member.objects.values_list("pk", flat=True))
    ChangedMember.objects.all().delete()

    result = undone(batch)

    assert result == Undone(removed=4, members_removed=4, kept=0)
    for model in (Member, Identifier, Attribute, Consent):
        assert not model.objects.exists()
    assert set(ChangedMember.objects.values_list("member_id", flat=True)) == made


def test_undo_keeps_members_others_built_on_whole(load, people, orders):
    batch = load("members", people)["batch"]
    load("orders", orders)
    before = known()

    result = undone(batch)

    assert result == Undone(removed=1, members_removed=1, kept=3)
    del before[(("external", "c-4"),)]
    assert known() == before


def test_undo_takes_back_what_was_added_to_members_known_before(load, csv_file):
    first = csv_file("member,name,size,email_consent\nc-1,Ana,M,yes\n", name="a.csv")
    load("members", first)
    before = known()
    more = csv_file(
        "member,name,email,colour,sms_consent,language\nc-1,Ana,a@x.org,red,yes,en\n"
    )
    batch = load("members", more)["batch"]
    ChangedMember.objects.all().delete()

    result = undone(batch)

    assert result == Undone(removed=1, members_removed=0, kept=0)
    assert ChangedMember.objects.count() == 1
    # The language it filled stays; nobody can say any more who else relies on it.
    (row,) = before.values()
    assert list(known().values()) == [{**row, "language": "en"}]


def test_undo_leaves_an_attribute_another_load_replaced(load, csv_file):
    load("members", csv_file("member,name\nc-1,Ana\n"))
    batch = load("members", csv_file("member,size\nc-1,S\n"))["batch"]
    load("members", csv_file("member,size\nc-1,M\n"), "--update")

    undone(batch)

    assert list(Attribute.objects.values_list("value", flat=True)) == ["M"]


def test_undo_of_orders_removes_members_they_created_and_no_others(
    load, people, orders, earns_nothing
):
    batch = load("orders", orders)["batch"]
    load("members", people)

    result = undone(batch)

    assert result == Undone(removed=5, members_removed=1, kept=0)
    assert not Identifier.objects.filter(value="c-9").exists()
    assert Member.objects.filter(first_order_at=None).count() == 4


def test_undo_of_orders_that_earned_keeps_who_has_an_account(load, orders):
    batch = load("orders", orders)["batch"]

    result = undone(batch)

    assert result == Undone(removed=5, members_removed=0, kept=0)
    assert Member.objects.filter(first_order_at=None).count() == 4


def test_joining_day_stays_that_of_the_first_order_if_not_given(load, people, orders):
    load("orders", orders)
    load("members", people)

    owner = Identifier.objects.get(value="c-2").member
    assert owner.joined_on is None
    assert owner.first_order_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert Order.objects.filter(member=owner, day=date(2026, 1, 2)).count() == 1


def killed(path: Path, phase: str, rows: int) -> int:
    found = connection.settings_dict
    url = f"postgres://{found['USER']}@/{found['NAME']}?host={quote(found['HOST'])}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    program = [sys.executable, "-m", "tests.members.imports.killed_members_import"]
    return subprocess.run(
        [*program, str(path), phase, str(rows)],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
    ).returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "rows", "between"), [("staging", 20_000, 0), ("applying", 40_000, 49_998)]
)
def test_a_load_killed_and_started_again_ends_in_the_same_state(
    load, csv_file, transactional_db, phase, rows, between
):
    size = 50_100
    text = "".join(f"c-{n},Ana {n},u{n}@x.org\n" for n in range(size))
    # The last row repeats the first, across slices; line 3 is refused.
    path = csv_file(
        f"member,name,email\nc-0,Ana 0,\nbad,,no mail\n{text}", name="m.csv"
    )

    assert killed(path, phase, rows) == -signal.SIGKILL
    assert Member.objects.count() == between
    resumed = load("members", path)

    assert ImportBatch.objects.count() == 1
    assert rejects() == [(3, "bad_email"), (4, "duplicate")]
    assert (counts(resumed), resumed["members_created"]) == ((size, 0, 0, 2), size)
    expected = {(("external", "c-0"),): "Ana 0"}
    for n in range(1, size):
        expected[("email", f"u{n}@x.org"), ("external", f"c-{n}")] = f"Ana {n}"
    assert {key: row["name"] for key, row in known().items()} == expected
