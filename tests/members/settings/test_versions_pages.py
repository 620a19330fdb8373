"""Settings, Versions: history in words, drafts from first thought to publication."""

from __future__ import annotations

import html

import pytest
from django.urls import reverse

from members.approvals.models import Approval
from members.programme import queries as programme
from members.programme import rules
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft, ProgrammeVersion
from members.settings import drafts, services
from members.settings.draft_forms import DraftForm
from members.settings.points_forms import PointsForm, initial_of
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
VERSIONS = "settings:versions"


@pytest.fixture
def bea(db):
    return factories.user("admin", email="bea@example.com", name="Bea")


@pytest.fixture
def second(ana) -> None:
    services.publish_programme(
        values={},
        based_on=1,
        effective_from=None,
        note="Start",
        by=f"user:{ana.pk}",
        at=AT,
    )


def make(by, title="Spring", **values) -> ProgrammeDraft:
    return drafts.make(
        title=title,
        values=values,
        effective_from=None,
        note="Cost",
        by=f"user:{by.pk}",
        at=AT,
    )


def text(response) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def open_page(client, name, *args) -> str:
    return text(client.get(reverse(f"settings:{name}", args=args)))


def form(draft: ProgrammeDraft, **changes):
    values = {
        **initial_of(rules.parse(draft.settings)),
        "title": draft.title,
        "note": draft.note,
        "revision": draft.revision,
        **changes,
    }
    return {
        name: value
        for name, value in values.items()
        if name in DraftForm.base_fields and not (value is None or value is False)
    }


def send(client, name, draft, **body):
    return client.post(reverse(f"settings:{name}", args=[draft.pk]), body, follow=True)


def test_from_first_thought_to_publication_by_a_second_person(client, ana, bea, second):
    client.force_login(ana)
    client.post(reverse("settings:draft_new"), {"title": "Shorter life"})
    draft = ProgrammeDraft.objects.get()
    client.post(
        reverse("settings:draft_edit", args=[draft.pk]),
        form(draft, expiry_months=6, note="Cost"),
    )
    draft.refresh_from_db()

    shown = open_page(client, "draft", draft.pk)
    assert "Months until points expire would fall from 12 to 6." in shown
    assert "No longer: </span>Points expire 12 months after the purchase" in shown
    assert "New: </span>Points expire 6 months after the purchase" in shown
    assert "Send to a second person" in shown
    sent = text(send(client, "draft_publish", draft, revision=draft.revision))

    assert "a second person must agree first" in sent
    assert "You wrote in this draft; somebody else must decide." in sent
    assert "Approve and publish" not in sent
    client.force_login(bea)
    assert "Approve and publish" in open_page(client, "draft", draft.pk)
    approval = Approval.objects.get()
    client.post(reverse("inbox:approve", args=[approval.pk]))

    history = open_page(client, "versions")
    assert programme.latest().expiry.months == 6
    assert "agreed to by Bea" in history
    assert "Cost" in history


def test_the_tasks_page_leads_to_the_draft_and_hides_it_from_nobody_who_decides(
    client, ana, bea, second
):
    draft = make(ana, expiry={"months": 6})
    drafts.publish(draft_id=draft.pk, revision=1, by=f"user:{ana.pk}", at=AT)
    client.force_login(bea)

    shown = text(client.get(reverse("inbox:tasks")))

    assert "Version of the programme" in shown
    assert reverse("settings:draft", args=[draft.pk]) in shown


def test_a_draft_that_lowers_nothing_is_published_by_one_person(client, ana, second):
    draft = make(ana, pending_days=0)
    client.force_login(ana)

    shown = open_page(client, "draft", draft.pk)
    assert "Send to a second person" not in shown
    response = send(client, "draft_publish", draft, revision=1)

    assert "Published version 3." in text(response)
    assert programme.latest().pending_days == 0


def test_publishing_what_one_has_not_read_is_refused(client, ana, second):
    draft = make(ana, pending_days=0)
    client.force_login(ana)

    response = send(client, "draft_publish", draft, revision=7)

    assert response.status_code == 422
    assert "Somebody changed this draft meanwhile." in text(response)
    assert programme.latest().number == 2


def test_a_refused_setting_stands_beside_its_field_and_nothing_typed_is_lost(
    client, ana, second
):
    draft = make(ana)
    client.force_login(ana)

    response = client.post(
        reverse("settings:draft_edit", args=[draft.pk]),
        form(draft, refresh="earn = soon", note="Typed"),
    )

    assert response.status_code == 422
    assert response.context["form"].errors["refresh"] == [
        "In “earn = soon”: Give a day as 2026-03-01."
    ]
    assert "Typed" in text(response)


def test_saving_over_a_change_of_somebody_else_is_refused(client, ana, bea, second):
    draft = make(ana)
    stale = form(draft, pending_days=3)
    client.force_login(bea)
    client.post(
        reverse("settings:draft_edit", args=[draft.pk]), form(draft, pending_days=5)
    )
    client.force_login(ana)

    response = client.post(reverse("settings:draft_edit", args=[draft.pk]), stale)

    draft.refresh_from_db()
    assert response.status_code == 422
    assert draft.settings["pending_days"] == 5


def test_a_draft_is_discarded_and_leaves_the_list(client, ana, second):
    draft = make(ana, title="Away with it")
    client.force_login(ana)
    assert "Away with it" in open_page(client, "versions")

    send(client, "draft_discard", draft)

    draft.refresh_from_db()
    assert draft.state == DraftState.DISCARDED
    assert "Away with it" not in open_page(client, "versions")


def test_a_waiting_draft_can_be_taken_back(client, ana, second):
    draft = make(ana, expiry={"months": 6})
    client.force_login(ana)
    send(client, "draft_publish", draft, revision=1)

    response = send(client, "draft_withdraw", draft)

    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    assert "it can be changed again" in text(response)


def test_a_stale_draft_says_so_and_is_brought_up_to_date(client, ana, second):
    draft = make(ana, pending_days=0)
    services.publish_programme(
        values={"churn_days": 77},
        based_on=2,
        effective_from=None,
        note="",
        by=f"user:{ana.pk}",
        at=AT,
    )
    client.force_login(ana)
    assert "builds on version 2; another one was published" in open_page(
        client, "draft", draft.pk
    )

    send(client, "draft_update", draft)

    draft.refresh_from_db()
    assert (draft.based_on, draft.settings["churn_days"]) == (3, 77)


def test_rolling_back_drafts_the_old_version(client, ana, second):
    client.force_login(ana)
    services.publish_programme(
        values={"pending_days": 0},
        based_on=2,
        effective_from=None,
        note="",
        by=f"user:{ana.pk}",
        at=AT,
    )

    response = client.post(reverse("settings:roll_back", args=[2]), follow=True)

    draft = ProgrammeDraft.objects.get()
    assert draft.settings == ProgrammeVersion.objects.get(number=2).settings
    assert "Days of waiting would rise from 0 to 14." in text(response)
    assert client.post(reverse("settings:roll_back", args=[99])).status_code == 404


def test_two_drafts_are_compared_in_words(client, ana, second):
    one = make(ana, pending_days=3)
    other = make(ana, pending_days=5)
    client.force_login(ana)

    address = reverse("settings:compare")
    shown = text(client.get(address, {"left": f"d{one.pk}", "right": f"d{other.pk}"}))

    assert "Points can be used 3 days after" in shown
    assert "Points can be used 5 days after" in shown
    assert "Days of waiting would rise from 3 to 5." in shown
    assert "Version 1" in text(client.get(address, {"left": "v1", "right": "v2"}))
    for wrong in ("x1", "d", "d99999", "v0", ""):
        query = {"left": wrong, "right": f"d{one.pk}"}
        assert client.get(address, query).status_code == 404


def test_the_page_of_points_saves_a_draft_instead_of_publishing(client, ana, second):
    client.force_login(ana)
    values = {**initial_of(programme.latest()), "points": 2, "note": "Double"}
    body = {
        name: value
        for name, value in values.items()
        if name in PointsForm.base_fields and not (value is None or value is False)
    }

    response = client.post(reverse("settings:points"), {**body, "draft": "yes"})

    draft = ProgrammeDraft.objects.get()
    assert response["Location"] == reverse("settings:draft", args=[draft.pk])
    assert (draft.title, draft.settings["earn"]["points"]) == ("Double", 2)
    assert programme.latest().number == 2


def test_lowering_on_the_page_of_points_waits_in_a_draft(client, ana, second):
    client.force_login(ana)
    values = {**initial_of(programme.latest()), "pending_days": 30, "note": ""}
    body = {
        name: value
        for name, value in values.items()
        if name in PointsForm.base_fields and not (value is None or value is False)
    }

    response = client.post(reverse("settings:points"), body)

    draft = ProgrammeDraft.objects.get()
    assert response["Location"] == reverse("settings:draft", args=[draft.pk])
    assert draft.state == DraftState.WAITING
    assert programme.latest().number == 2


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("versions", "get"),
        ("draft", "get"),
        ("draft_edit", "get"),
        ("draft_new", "post"),
        ("draft_publish", "post"),
        ("draft_discard", "post"),
        ("draft_withdraw", "post"),
        ("draft_update", "post"),
        ("roll_back", "post"),
        ("compare", "get"),
    ],
)
def test_versions_are_for_admins(client, ana, bruno, name, method):
    args = {"versions": [], "draft_new": [], "compare": [], "roll_back": [1]}
    address = reverse(f"settings:{name}", args=args.get(name, [make(ana).pk]))
    client.force_login(bruno)

    assert getattr(client, method)(address).status_code == 403
    assert ProgrammeVersion.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_as_often_for_one_row_as_for_three(
    client, ana, second, rows, django_assert_num_queries
):
    for n in range(rows):
        make(ana, title=f"Draft {n}")
        services.publish_programme(
            values={"churn_days": 50 + n},
            based_on=2 + n,
            effective_from=None,
            note="",
            by=f"user:{ana.pk}",
            at=AT,
        )
    client.force_login(ana)
    client.get(reverse(VERSIONS))

    with django_assert_num_queries(11):
        client.get(reverse(VERSIONS))


def test_htmx_gets_older_versions_alone(client, ana, second):
    for n in range(21):
        services.publish_programme(
            values={"churn_days": 50 + n},
            based_on=2 + n,
            effective_from=None,
            note="",
            by=f"user:{ana.pk}",
            at=AT,
        )
    client.force_login(ana)

    page = open_page(client, "versions")
    assert "?before=4" in page
    assert "Version 3<" not in page
    part = text(
        client.get(reverse(VERSIONS), {"before": 4}, headers={"HX-Request": "true"})
    )
    assert "Version 3<" in part
    assert "<html" not in part
