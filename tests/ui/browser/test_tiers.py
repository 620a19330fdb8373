"""Tiers as an admin meets them: a preset, who would move, a member's lock."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from loyalty.tiers.models import TierLock
from members.programme.models import ProgrammeVersion
from members.programme.tiers import dump_tier_set, presets
from tests import factories
from tests.ui.browser.visiting import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lin(visit: Any, view: Any) -> Visit:
    visitor: Visit = visit(**view)
    sign_in(visitor, factories.user("admin", email="lin@example.com", name="Lin"))
    return visitor


def look(visitor: Visit, view: dict[str, str], where: str) -> None:
    visitor.shoot(f"tiers-{where}-{'-'.join(view.values())}")
    visitor.check_all_round()


def test_a_preset_shows_who_would_move_before_anything_does(lin, view):
    factories.member("m-1")
    page = lin.page
    lin.go("/settings/tiers/?preset=value")
    look(lin, view, "preset")

    page.click("button[value=preview]")

    expect(page.locator("section[aria-labelledby=moves]")).to_contain_text("1")
    expect(page.locator("button[value=publish]")).to_be_visible()
    look(lin, view, "moves")
    assert ProgrammeVersion.objects.count() == 1


def test_a_lock_is_put_on_and_taken_off_with_a_reason(lin, view):
    kept = [dump_tier_set(one) for one in presets().values()]
    first = ProgrammeVersion.objects.get(number=1)
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "tier_sets": kept},
        created_at=first.created_at,
    )
    member = factories.member("m-1", name="王芳")
    member.refresh_from_db()
    page = lin.page
    lin.go(f"/members/{member.number}/tiers/")
    look(lin, view, "member")

    page.fill("#id_until", "2099-12-31")
    page.fill("#id_reason", "Partner")
    page.click("form[action$='/lock/'] button.primary")

    expect(page.locator("table.tbl tbody tr")).to_have_count(1)
    look(lin, view, "locked")
    page.fill("form[action$='/release/'] input[name=reason]", "Left")
    page.click("form[action$='/release/'] button")

    expect(page.locator("table.tbl tbody tr")).to_have_count(2)
    assert TierLock.objects.get().release_reason == "Left"
