import pytest
from playwright.sync_api import expect

from tests import factories
from tests.ui.browser.visiting import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def name_of(view, page):
    return f"{page}-{view['size']}-{view['language']}-{view['theme']}"


def test_door_is_clean_before_and_after_a_refusal(visit, view, db):
    visitor = visit(**view)
    visitor.go("/accounts/login/")
    visitor.shoot(name_of(view, "sign-in"))
    visitor.check()

    visitor.page.fill("#id_login", "nobody@example.com")
    visitor.page.fill("#id_password", "wrong horse 7")
    visitor.follow("main button")

    visitor.shoot(name_of(view, "sign-in-refused"))
    visitor.check()
    assert visitor.page.evaluate("document.activeElement.className") == (
        "banner danger errors"
    )


def test_account_pages_are_clean(visit, view, db):
    visitor = visit(**view)
    person = factories.user("admin", email="lin@example.com", name="Lin Yue")
    sign_in(visitor, person)

    for name in ("2fa/", "password/change/"):
        visitor.go(f"/accounts/{name}")
        visitor.check()
    visitor.go("/accounts/2fa/totp/activate/")
    visitor.page.fill("#id_password", "correct horse 7")
    visitor.follow("main button")
    visitor.shoot(name_of(view, "second-step"))
    visitor.check()
    visitor.page.click("details.pop > summary")
    visitor.shoot(name_of(view, "account-menu"))
    visitor.check()


def test_theme_changes_without_loading_and_stays(visit, db):
    visitor = visit()
    visitor.go("/accounts/login/")
    visitor.page.fill("#id_login", "half a word")

    with visitor.page.expect_response("**/preferences/theme/"):
        visitor.page.click("[data-theme-toggle]")
    kept = visitor.page.input_value("#id_login")
    visitor.go("/accounts/login/")

    assert kept == "half a word"
    assert visitor.page.get_attribute("html", "data-theme") == "dark"


def test_menu_on_a_phone_opens_and_gives_focus_back(visit, db):
    visitor = visit(size="phone")
    person = factories.user("admin", email="lin@example.com", name="Lin Yue")
    sign_in(visitor, person)
    visitor.go("/accounts/2fa/")

    visitor.page.press("[data-open=menu]", "Enter")
    visitor.shoot("menu-phone")
    visitor.check()
    visitor.page.keyboard.press("Escape")

    expect(visitor.page.locator("[data-open=menu]")).to_be_focused()


def test_skip_link_comes_first(visit, db):
    visitor = visit()
    visitor.go("/accounts/login/")

    visitor.page.keyboard.press("Tab")

    expect(visitor.page.locator(".skip")).to_be_focused()


def test_page_fits_a_very_small_phone(visit, db):
    visitor = visit(size="phone")
    visitor.page.set_viewport_size({"width": 320, "height": 640})
    visitor.go("/accounts/login/")

    visitor.check()
