"""Points that need two people, from the drawer to the statement and back again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from members.access.models import User
from members.profiles.models import Member
from tests import factories
from tests.loyalty.points import pages
from tests.ui.browser.visiting import Visit, count_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
POINTS = 1500


@pytest.fixture
def mia(transactional_db) -> Member:
    """Mia has 200 points; Noa owes 40."""
    pages.owing(40, name="Noa")
    mia = pages.member(name="Mia")
    pages.give(mia, 250, reason="Welcome")
    pages.spend(mia, 50)
    return mia


@pytest.fixture
def enter(visit: Any, view: Any) -> Any:
    """Signs somebody in, in a window of their own."""

    def open_door(person: User) -> Visit:
        visitor: Visit = visit(**view)
        sign_in(visitor, person)
        return visitor

    return open_door


def named(role: str, name: str) -> User:
    return factories.user(role, email=f"{name.lower()}@example.com", name=name)


def look(visitor: Visit, view: dict[str, str], where: str) -> None:
    visitor.shoot(f"points-{where}-{'-'.join(view.values())}")
    visitor.check_all_round()


def available(visitor: Visit, member: Member) -> int:
    visitor.go(f"/members/{member.number}/points/")
    return count_in(visitor.page.locator(".kpis .kpi b").first.inner_text())


def open_drawer(visitor: Visit, member: Member) -> None:
    visitor.go(f"/members/{member.number}/")
    visitor.page.click("[data-open=adjust]")
    expect(visitor.page.locator("#adjust")).to_be_visible()


def ask_in_the_drawer(visitor: Visit, view: dict[str, str], member: Member) -> None:
    """A wrong number is said in the drawer; a right one above the limit waits."""
    page = visitor.page
    open_drawer(visitor, member)
    look(visitor, view, "drawer")
    # A screenshot leaves style attributes on the inputs, which a swap would copy.
    open_drawer(visitor, member)
    page.fill("#adjust_points", "many")
    page.fill("#adjust_reason", "Lost parcel")
    page.click("#adjust button.primary")
    expect(page.locator("#adjust_points[aria-invalid=true]")).to_be_focused()
    look(visitor, view, "drawer-refused")
    open_drawer(visitor, member)
    page.fill("#adjust_points", str(POINTS))
    page.fill("#adjust_reason", "Lost parcel")
    visitor.follow("#adjust button.primary")
    assert page.url.endswith("/points/")
    expect(page.locator(".toast")).to_contain_text(member.number)
    look(visitor, view, "awaiting")


def test_what_one_asks_another_approves_and_it_can_be_undone(enter, view, mia):
    lin = enter(named("admin", "Lin"))
    ask_in_the_drawer(lin, view, mia)
    assert available(lin, mia) == 200

    lin.go("/tasks/")
    assert lin.page.locator("form[action$='/approve/']").count() == 0
    look(lin, view, "own-request")

    gao = enter(named("admin", "Gao"))
    gao.go("/tasks/")
    look(gao, view, "tasks")
    gao.follow("form[action$='/approve/'] button")
    expect(gao.page.locator(".toast[data-stays]")).to_be_visible()
    look(gao, view, "approved")

    assert available(lin, mia) == 200 + POINTS
    lin.page.locator("details.lot summary").first.click()
    look(lin, view, "statement")

    # What took two to give takes two to take away.
    gao.follow(".toast form button")
    assert gao.page.url.endswith("/points/")
    look(gao, view, "undo-asked")
    assert available(gao, mia) == 200 + POINTS
    lin.go("/tasks/")
    lin.follow("form[action$='/approve/'] button")
    assert lin.page.url.endswith("/tasks/")
    look(lin, view, "undone")
    assert available(gao, mia) == 200


def test_pages_of_points_are_clean(enter, view, mia):
    visitor = enter(named("admin", "Lin"))
    for path, where in (("/points/", "today"), ("/points/debts/", "debts")):
        visitor.go(path)
        look(visitor, view, where)
    visitor.follow("#debts tbody th a")
    visitor.follow("a[href$='/write-off/']")
    look(visitor, view, "write-off")
    visitor.go(f"/members/{mia.number}/points/")
    visitor.follow("#statement ol li b a >> nth=0")
    look(visitor, view, "entry")
    visitor.go(f"/members/{mia.number}/points/adjust/")
    look(visitor, view, "sheet")


def test_an_adjustment_and_its_undo_work_without_script(visit, mia):
    visitor = visit(script=False)
    page = visitor.page
    sign_in(visitor, named("admin", "Lin"))
    visitor.go(f"/members/{mia.number}/")
    visitor.follow("#points-card a")
    visitor.follow(".page-head .actions a")
    page.fill("#adjust_points", "-30")
    page.fill("#adjust_reason", "Mistake")
    visitor.follow("main button.primary")
    assert available(visitor, mia) == 170

    visitor.follow("#statement form[action$='/undo/'] button >> nth=0")

    assert available(visitor, mia) == 200
