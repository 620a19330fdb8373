"""The rules of points and the keys of programs, as an admin meets them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from members.access.models import ApiKey
from tests import factories
from tests.ui.browser.visiting import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lin(visit: Any, view: Any) -> Visit:
    visitor: Visit = visit(**view)
    sign_in(visitor, factories.user("admin", email="lin@example.com", name="Lin"))
    return visitor


def look(visitor: Visit, view: dict[str, str], where: str) -> None:
    visitor.shoot(f"points-{where}-{'-'.join(view.values())}")
    visitor.check_all_round()


def test_a_rule_is_refused_by_name_and_then_published_in_words(lin, view):
    page = lin.page
    lin.go("/settings/points/")
    look(lin, view, "rules")
    before = page.locator(".sentences").first.inner_text()
    page.fill("#id_points", "-1")
    lin.follow("main form.form button.primary")
    expect(page.locator("#id_points[aria-invalid=true]")).to_have_value("-1")
    look(lin, view, "rules-refused")

    page.fill("#id_points", "3")
    lin.follow("main form.form button.primary")

    expect(page.locator("ol.versions > li")).to_have_count(2)
    now = page.locator(".sentences").first.inner_text()
    assert now != before
    assert "3" in now.splitlines()[0]
    look(lin, view, "rules-published")


def test_a_key_is_shown_once_and_revoked(lin, view):
    page = lin.page
    lin.go("/settings/keys/")
    look(lin, view, "keys-none")
    lin.follow(".page-head .actions a")
    lin.follow("main button.primary")
    expect(page.locator("#id_name[aria-invalid=true]")).to_be_visible()
    look(lin, view, "key-refused")
    page.fill("#id_name", "Till 4")
    page.check("input[name=scopes] >> nth=0")
    lin.follow("main button.primary")
    secret = page.locator("main code.wrap").inner_text()
    look(lin, view, "key-made")

    lin.go("/settings/keys/")
    assert secret not in page.content()
    page.click("[data-open^=revoke-]")
    expect(page.locator("dialog[open]")).to_be_visible()
    look(lin, view, "key-revoke")
    lin.follow("dialog[open] button.danger")
    assert page.url.endswith("/settings/keys/")

    assert page.locator("[data-open^=revoke-]").count() == 0
    assert ApiKey.objects.get().revoked_at is not None
