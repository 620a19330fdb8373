"""What a member's page says to staff of some stores."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.directory import profile
from analytics.values import services
from tests import factories

pytestmark = pytest.mark.django_db


def test_months_leave_out_orders_of_stores_one_may_not_see():
    here, there = factories.store("S1"), factories.store("S2")
    member = factories.member(store=here)
    factories.order(member, on=date(2026, 2, 3), minor=1000, store=here)
    factories.order(member, on=date(2026, 2, 4), minor=500, store=there)

    def spent(store_ids):
        told = profile.facts(member=member, store_ids=store_ids, at=factories.AT)
        return [month.net_minor for month in told["months"] if month.orders]

    assert spent(None) == [1500]
    assert spent(frozenset({here.pk})) == [1000]


@pytest.mark.parametrize(("limited", "said"), [(True, 2), (False, 0)])
def test_figures_of_all_stores_say_so_to_staff_of_some(books, client, limited, said):
    here = factories.store("S1")
    member = factories.member(store=here)
    factories.order(member, on=date(2026, 2, 3), store=here)
    services.recompute(as_of=factories.AT.date(), at=factories.AT)
    clerk = factories.user("operator", stores=(here,) if limited else ())
    client.force_login(clerk)
    member.refresh_from_db()

    shown = client.get(f"/members/{member.number}/").content.decode()

    assert shown.count("<span>all stores</span>") == said
