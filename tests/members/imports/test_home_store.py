"""The home of a member whom only orders tell of: the store of the first order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from members.access.models import Store
from members.profiles.models import Member
from tests import factories

pytestmark = pytest.mark.django_db

HEAD = "order_id,member,ordered_at,amount,store,kind\n"
MAY = HEAD + "1,c-1,2025-05-01,10.00,S-MAY,\n"
APRIL = HEAD + "2,c-1,2025-04-01,10.00,S-APRIL,\n"
JUNE = HEAD + "3,c-1,2025-06-01,10.00,S-JUNE,\n"
REFUND = HEAD + "4,c-1,2025-03-01,10.00,S-BACK,refund\n"


@pytest.fixture
def load_all(load, csv_file):
    def run(*texts: str) -> str | None:
        for n, text in enumerate(texts):
            load("orders", csv_file(text, name=f"{n}.csv"))
        store = Member.objects.get().store
        return store.code if store else None

    return run


@pytest.mark.parametrize(
    ("texts", "home"),
    [
        ((MAY, APRIL), "S-APRIL"),
        ((APRIL, MAY), "S-APRIL"),
        ((JUNE, MAY, APRIL), "S-APRIL"),
        ((REFUND,), "S-BACK"),
        ((REFUND, MAY), "S-MAY"),
        ((MAY, REFUND), "S-MAY"),
        ((MAY.replace("S-MAY", ""), JUNE), "S-JUNE"),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_home_is_the_store_of_the_first_order_whichever_file_it_comes_in(
    load_all, texts, home
):
    assert load_all(*texts) == home


def test_a_home_that_somebody_told_stays(load_all):
    load_all(MAY)
    Member.objects.update(
        store=Store.objects.create(code="S-TOLD", created_at=factories.AT),
        updated_at=Member.objects.get().created_at + timedelta(days=1),
    )

    assert load_all(APRIL) == "S-TOLD"


def test_a_home_of_a_member_orders_did_not_make_stays(load_all):
    factories.member("c-1", store=factories.store("S-OWN"))

    assert load_all(APRIL) == "S-OWN"
