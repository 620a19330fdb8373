"""Tiers in a draft: who would move, saving them, and publishing with a second person."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse

from loyalty.tiers.models import TierMembership
from members.approvals import services as approvals
from members.approvals.models import Approval
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeDraft
from members.settings import drafts
from tests import factories
from tests.loyalty.tiers.test_member_pages import (  # noqa: F401  fixtures
    NOW,
    _now,
    buy,
    member,
)
from tests.loyalty.tiers.test_settings_page import LINES, body, send

HARDER = {"key": "status", "name": "Status", "tiers": LINES.replace("| 50", "| 70")}


def text(response) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


@pytest.fixture
def draft(ana, member) -> ProgrammeDraft:  # noqa: F811
    return drafts.make(
        title="Autumn",
        values={},
        effective_from=None,
        note="Cost",
        by=drafts.actor_of(ana),
        at=NOW,
    )


def change(client, user, draft: ProgrammeDraft, *sets: dict, act: str):
    client.force_login(user)
    told = {**body(*sets, act=act), "revision": draft.revision}
    return client.post(reverse("tiers:draft", args=[draft.pk]), told)


def test_form_shows_the_tiers_of_the_draft_and_reads_back_equal(client, ana, draft):
    client.force_login(ana)
    forms = client.get(reverse("tiers:draft", args=[draft.pk])).context["forms"]

    change(client, ana, draft, forms[0].initial, act="save")

    assert rules.parse(ProgrammeDraft.objects.get().settings).tier_sets == (
        programme.latest().tier_sets
    )


def test_preview_says_who_falls_and_saves_nothing(client, ana, draft, member):  # noqa: F811
    buy(member, 60_00)

    (moves,) = change(client, ana, draft, HARDER, act="preview").context["moves"]

    assert [(one.held.key, one.fits.key, one.members) for one in moves.down] == [
        ("silver", "base", 1)
    ]
    assert ProgrammeDraft.objects.get().revision == draft.revision


def test_page_says_what_falls_and_asks_who_moves(client, ana, draft, member):  # noqa: F811
    buy(member, 60_00)
    change(client, ana, draft, HARDER, act="save")

    page = text(client.get(reverse("settings:draft", args=[draft.pk])))
    part = text(client.get(reverse("tiers:draft_moves", args=[draft.pk])))

    assert "The tier Silver would take 70 instead of 50." in page
    assert reverse("tiers:draft_moves", args=[draft.pk]) in page
    assert "Silver → Base: <b>1</b>" in part


def test_higher_thresholds_take_a_second_person(client, ana, draft, member):  # noqa: F811
    buy(member, 60_00)
    change(client, ana, draft, HARDER, act="save")
    draft.refresh_from_db()

    client.post(
        reverse("settings:draft_publish", args=[draft.pk]),
        {"revision": draft.revision},
    )

    waiting = Approval.objects.get()
    assert programme.latest().number == draft.based_on
    approvals.approve(
        approval_id=waiting.pk, by=drafts.actor_of(factories.user("admin")), at=NOW
    )
    assert programme.latest().tier_sets[0].tiers[1].threshold == 70
    assert TierMembership.objects.get(valid_until=None).tier == "silver"


def test_whoever_saves_over_a_change_they_have_not_seen_is_told(client, ana, draft):
    change(client, ana, draft, HARDER, act="save")

    response = change(client, ana, draft, HARDER, act="save")

    assert response.status_code == 422
    assert "Somebody changed this draft meanwhile" in text(response)


def test_what_the_rules_refuse_stands_beside_its_field(client, ana, draft):
    wrong = {"key": "status", "tiers": "base | Base | 0\nsilver | Silver | many"}

    response = change(client, ana, draft, wrong, act="save")

    assert response.status_code == 422
    assert list(response.context["forms"][0].errors) == ["tiers"]


def test_what_was_typed_in_settings_becomes_a_draft(client, ana, member):  # noqa: F811
    response = send(client, ana, body(HARDER, act="draft", note="Harder"))

    made = ProgrammeDraft.objects.get()
    assert response.url == reverse("settings:draft", args=[made.pk])
    assert made.title == "Harder"
    assert rules.parse(made.settings).tier_sets[0].tiers[1].threshold == 70


def test_who_may_not_edit_reads_and_who_may_not_see_gets_403(client, bruno, draft):
    reader = factories.user("viewer")
    client.force_login(bruno)
    page = reverse("tiers:draft", args=[draft.pk])

    assert client.get(page).status_code == 403
    assert change(client, reader, draft, HARDER, act="save").status_code == 403
    assert ProgrammeDraft.objects.get().revision == draft.revision
