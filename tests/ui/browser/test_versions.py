"""Rules from a draft over its price to a second person, and to what a member earns."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from config.lib import clock
from loyalty.orders import earning
from loyalty.orders.models import Order
from members.access.models import User
from members.profiles.models import Member
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.ui.browser.visiting import Visit, count_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# As the walks' clock, a moment later.
SINCE = datetime(2026, 3, 15, 12, 1, tzinfo=UTC)


@pytest.fixture
def mia(transactional_db) -> Member:
    """Mia bought for 300 in two months, under a programme somebody published."""
    ProgrammeVersion.objects.create(
        number=2, settings={}, effective_from=None, created_at=factories.AT
    )
    mia = factories.member("mia", name="Mia")
    days = (date(2026, 2, 3), date(2026, 3, 4))
    orders = [factories.order(mia, minor=15_000, on=day) for day in days]
    _earn(*orders, at=SINCE)
    return mia


def _earn(*orders: Order, at: datetime) -> None:
    earning.earn_many(order_ids=[one.pk for one in orders], actor="", now=at)


@pytest.fixture
def enter(visit: Any, view: Any) -> Any:
    def open_door(person: User) -> Visit:
        visitor: Visit = visit(**view)
        sign_in(visitor, person)
        return visitor

    return open_door


def named(name: str) -> User:
    return factories.user("admin", email=f"{name.lower()}@example.com", name=name)


def look(visitor: Visit, view: dict[str, str], where: str) -> None:
    visitor.shoot(f"versions-{where}-{'-'.join(view.values())}")
    visitor.check_all_round()


def drafted(visitor: Visit, view: dict[str, str]) -> str:
    """A draft at half the rate; returns its address."""
    page = visitor.page
    visitor.go("/settings/versions/")
    page.fill("#id_title", "Spring rules")
    visitor.follow("form[action$='/drafts/new/'] button")
    assert page.url.endswith("/edit/")
    look(visitor, view, "edit")
    page.fill("#id_per_amount", "2")
    page.fill("#id_note", "Cost")
    visitor.follow("#draft-form button.primary, form .btn.primary")
    assert re.search(r"/drafts/\d+/$", page.url)
    look(visitor, view, "draft")
    return page.url


def replay(visitor: Visit, view: dict[str, str], address: str) -> None:
    page = visitor.page
    visitor.go(
        f"{address.partition('/settings')[1]}{address.partition('/settings')[2]}"
    )
    visitor.follow("a[href$='/replays/']")
    assert page.url.endswith("/replays/")
    look(visitor, view, "replays")
    visitor.follow("form button.primary")
    assert re.search(r"/settings/replays/\d+/$", page.url)
    expect(page.locator("#totals-h")).to_be_visible(timeout=20_000)
    kept = [count_in(text) for text in _kept(page)]
    assert kept == [300, 150]
    look(visitor, view, "replay")


def _kept(page: Any) -> list[str]:
    found: list[str] = page.locator(".kpis .kpi .sm.muted").all_inner_texts()
    return found


def test_draft_replay_second_person_and_what_a_member_earns(enter, view, mia, worker):
    ana, bea = named("Ana"), named("Bea")
    hers = enter(ana)
    address = drafted(hers, view)
    path = address[address.index("/settings") :]
    replay(hers, view, address)
    hers.go(path)
    hers.follow(f"form[action='{path}publish/'] button")
    assert re.search(r"/drafts/\d+/$", hers.page.url)
    expect(hers.page.locator(f"form[action='{path}withdraw/']")).to_be_visible()
    look(hers, view, "waiting")
    assert programme.latest().number == 2

    other = enter(bea)
    other.go("/tasks/")
    look(other, view, "tasks")
    other.go(path)
    other.follow("form[action*='/approve/'] button")
    assert other.page.url.endswith("/tasks/")
    other.go("/settings/versions/")
    look(other, view, "history")
    assert programme.latest().number == 3

    with clock.override(SINCE):
        order = factories.order(
            mia, minor=10_000, on=date(2026, 3, 15), placed_at=SINCE
        )
        _earn(order, at=SINCE)
    other.go(f"/members/{mia.number}/points/")
    # Pending: 150 of March, and 50 for the 100 of a moment ago.
    pending = other.page.locator(".kpis .kpi b").nth(1).inner_text()
    assert count_in(pending) == 200
    look(other, view, "member")
