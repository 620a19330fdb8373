"""Keys, links without script, and addresses that follow what was swapped."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.ui.browser.visiting import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def staff():
    for n in range(3):
        store = factories.store("S-OAK") if n else None
        factories.member(name=f"Lin {n}", store=store)
    factories.member(name="Wei")
    return factories.user("admin", email="lin@example.com", name="Lin Yue")


@pytest.fixture
def members(visit, staff) -> Visit:
    visitor: Visit = visit()
    sign_in(visitor, staff)
    visitor.go("/members/")
    return visitor


def names(visitor: Visit) -> list[str]:
    return visitor.page.locator("#results tbody th a").all_inner_texts()


def test_skip_link_comes_first_on_pages_of_the_product_too(members):
    members.page.keyboard.press("Tab")
    expect(members.page.locator(".skip")).to_be_focused()

    members.page.keyboard.press("Enter")

    expect(members.page.locator("#main")).to_be_focused()


def test_typing_narrows_the_list_keeps_the_field_and_is_in_the_address(members):
    page = members.page
    page.click("#list-q")

    with page.expect_response("**/members/?*q=lin*"):
        page.keyboard.type("lin")
    page.wait_for_url("**/members/?*q=lin*")

    assert names(members) == ["Lin 0", "Lin 1", "Lin 2"]
    assert page.evaluate("document.activeElement.id") == "list-q"
    page.go_back()
    page.wait_for_selector("#results tbody tr:nth-child(4)")
    assert len(names(members)) == 4
    assert members.complaints == []


def test_sorting_by_keyboard_keeps_the_focus_on_its_column(members):
    page = members.page

    page.press("#sort-2", "Enter")
    page.wait_for_url("**sort=joined**")

    assert page.evaluate("document.activeElement.id") == "sort-2"
    assert page.get_attribute("th:has(#sort-2)", "aria-sort") == "descending"


def test_language_goes_back_to_the_address_of_the_swapped_list(members):
    page = members.page
    page.click("#sort-2")
    page.wait_for_url("**sort=joined**")

    members.follow("button[name=language]")

    assert "sort=joined" in page.url
    assert page.get_attribute("html", "lang") == "zh-Hans"


def test_without_script_lists_are_filtered_and_sorted_by_links_and_forms(visit, staff):
    visitor = visit(script=False)
    sign_in(visitor, staff)
    visitor.go("/members/")
    page = visitor.page

    page.fill("#list-q", "lin")
    page.select_option("#list-store", label="Store S-OAK")
    visitor.follow(".filters button")
    assert names(visitor) == ["Lin 1", "Lin 2"]

    visitor.follow("#sort-1")
    assert names(visitor) == ["Lin 2", "Lin 1"]


def test_without_script_theme_and_language_are_forms(visit, staff):
    visitor = visit(script=False)
    sign_in(visitor, staff)
    visitor.go("/members/?q=lin")

    visitor.follow("[data-theme-toggle]")
    visitor.follow("button[name=language]")

    assert visitor.page.url.endswith("/members/?q=lin")
    assert visitor.page.get_attribute("html", "data-theme") == "dark"
    assert visitor.page.get_attribute("html", "lang") == "zh-Hans"


@pytest.mark.parametrize("path", ["people/new/", "stores/new/", ""])
def test_a_refused_form_keeps_what_was_typed_and_leads_to_the_field(
    visit, staff, view, path
):
    visitor = visit(**view)
    sign_in(visitor, staff)
    visitor.go(f"/settings/{path}")
    page = visitor.page
    page.evaluate("document.querySelector('main form.form').noValidate = true")
    boxes = page.locator("main form.form input:is([type=text], [type=email])")
    boxes.last.fill("kept")
    boxes.first.fill("")

    visitor.follow("main form.form .btn.primary")

    visitor.shoot(f"refused-{path.replace('/', '-')}{'-'.join(view.values())}")
    visitor.check()
    assert boxes.last.input_value() == "kept"
    assert "errors" in page.evaluate("document.activeElement.className")
    page.click(".errors a >> nth=0")
    wrong = page.get_attribute("[aria-invalid], fieldset:has(.err)", "id")
    page.wait_for_url(f"**#{wrong}")
