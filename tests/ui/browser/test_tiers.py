"""Tiers as an admin meets them: a preset, who would move, a member's lock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from loyalty.replay import services as replays
from loyalty.tiers.models import TierLock
from members.access.models import User
from members.programme import tier_presets
from members.programme.models import ProgrammeVersion
from members.programme.tiers import dump_tier_set
from members.settings import drafts
from tests import factories
from tests.ui.browser.visiting import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SINCE = datetime(2026, 3, 15, 12, tzinfo=UTC)


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

    lin.follow("button[value=preview]")

    expect(page.locator("section[aria-labelledby=moves]")).to_contain_text("1")
    expect(page.locator("button[value=publish]")).to_be_visible()
    look(lin, view, "moves")
    assert ProgrammeVersion.objects.count() == 1


def test_a_lock_is_put_on_and_taken_off_with_a_reason(lin, view):
    kept = [dump_tier_set(one) for one in tier_presets.by_key().values()]
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
    lin.follow("form[action$='/lock/'] button.primary")

    expect(page.locator("table.tbl tbody tr")).to_have_count(1)
    look(lin, view, "locked")
    page.fill("form[action$='/release/'] input[name=reason]", "Left")
    lin.follow("form[action$='/release/'] button")

    expect(page.locator("table.tbl tbody tr")).to_have_count(2)
    assert TierLock.objects.get().release_reason == "Left"


def test_tiers_of_a_draft_say_who_moves_before_and_after_a_replay(lin, view):
    mia = factories.member("m-1", name="王芳")
    factories.order(mia, minor=30_000, on=date(2026, 3, 1))
    kept = [dump_tier_set(one) for one in tier_presets.by_key().values()]
    draft = drafts.make(
        title="Tiers at last",
        values={"tier_sets": kept},
        effective_from=None,
        note="",
        by=f"user:{User.objects.get().pk}",
        at=SINCE,
    )
    replay = replays.request(draft=draft, rival=None, months=2, by=None, at=SINCE)
    replays.run(replay_id=replay.pk, clock=lambda: SINCE)

    lin.go(f"/settings/drafts/{draft.pk}/")
    expect(lin.page.locator("section[aria-labelledby=moves] details")).to_have_count(3)
    look(lin, view, "draft")
    lin.go(f"/settings/drafts/{draft.pk}/tiers/")
    look(lin, view, "draft-tiers")
    lin.go(f"/settings/replays/{replay.pk}/")
    expect(lin.page.locator("section[aria-labelledby^=moves-] tbody tr")).to_have_count(
        3
    )
    look(lin, view, "replay")


def test_members_are_found_by_the_tier_they_hold(lin, view):
    kept = [dump_tier_set(one) for one in tier_presets.by_key().values()]
    first = ProgrammeVersion.objects.get(number=1)
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "tier_sets": kept},
        created_at=first.created_at,
    )
    factories.member("m-1", name="王芳")
    page = lin.page
    lin.go("/members/")

    page.select_option("#list-tier", "vip:new")
    page.wait_for_url(re.compile(r"tier=vip%3Anew"))
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.select_option("#list-tier", "vip:vip")
    page.wait_for_url(re.compile(r"tier=vip%3Avip"))

    expect(page.locator("#results tbody tr")).to_have_count(0)
    look(lin, view, "list-empty")
    lin.go("/members/?tier=vip:new")
    look(lin, view, "list")
