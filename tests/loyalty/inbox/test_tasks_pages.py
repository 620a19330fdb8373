from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.inbox import queries
from loyalty.orders.models import ParkedRefund
from loyalty.points.models import Transfer
from members.approvals.models import Approval
from members.audit.models import AuditEntry
from members.jobs.models import Job
from tests import factories
from tests.loyalty.points import pages
from tests.loyalty.points.pages import NOW

pytestmark = pytest.mark.django_db
TASKS = "/tasks/"


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


@pytest.fixture
def mia(db):
    return pages.member(name="Mia")


@pytest.fixture
def bea(db):
    """Another admin: the second person."""
    return factories.user("admin", email="bea@example.com", name="Bea")


def asked(client, by, member, points: str = "5000") -> Approval:
    client.force_login(by)
    client.post(
        reverse("points:adjust", args=[member.number]),
        {"points": points, "reason": "Lost parcel", "form": str(uuid4())},
    )
    return Approval.objects.latest("pk")


def decide(client, verb: str, approval: Approval, **body):
    address = reverse(f"inbox:{verb}", args=[approval.pk])
    return client.post(address, body, follow=True)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_a_second_person_approves_and_the_statement_shows_it_until_it_is_undone(
    client, ana, bea, mia
):
    approval = asked(client, ana, mia)
    client.force_login(bea)

    waiting = text_of(client.get(TASKS))
    for fact in (mia.number, "+5,000", "Lost parcel", "Ana", "just now"):
        assert fact in waiting
    response = decide(client, "approve", approval)

    assert "approved" in text_of(response)
    assert pages.balance(mia).available == 5000
    entry = Transfer.objects.get()
    assert entry.actor == f"user:{ana.pk}"
    statement = reverse("points:member", args=[mia.number])
    assert "+5,000" in text_of(client.get(statement))
    undo = reverse("points:undo", args=[mia.number, entry.pk])
    # The toast of the approval offers it.
    assert f'action="{undo}"' in text_of(response)

    response = client.post(undo, follow=True)

    # What took two to give takes two to take away.
    assert "Awaiting approval by a second person" in text_of(response)
    assert pages.balance(mia).available == 5000
    client.post(undo)
    asked_back = Approval.objects.get(kind="adjustment_undo")
    assert "-5,000" in text_of(client.get(TASKS)).replace("\u2212", "-")
    own = decide(client, "approve", asked_back)
    assert "omebody else must decide" in text_of(own)
    assert pages.balance(mia).available == 5000
    client.force_login(ana)
    decide(client, "approve", asked_back)

    assert pages.balance(mia).available == 0
    assert "See reversal" in text_of(client.get(statement))


def test_the_audit_trail_holds_no_word_that_somebody_wrote(client, ana, bea, mia):
    approval = asked(client, ana, mia)
    client.force_login(bea)
    decide(client, "reject", approval, reason="Not our parcel")

    told = " ".join(str(one.details) for one in AuditEntry.objects.all())

    assert "parcel" not in told
    assert mia.number not in told
    written = AuditEntry.objects.get(action="approvals.ask")
    assert written.details["facts"] == {"member": mia.pk, "points": 5000}
    assert written.details["fields"] == [
        "currency",
        "member",
        "number",
        "points",
        "reason",
    ]


def test_an_approval_is_written_down_with_numbers_before_and_after(
    client, ana, bea, mia
):
    approval = asked(client, ana, mia)
    client.force_login(bea)

    decide(client, "approve", approval)

    written = AuditEntry.objects.get(action="approvals.approve")
    assert written.actor == bea
    assert (
        written.details["before"]["balance"],
        written.details["after"]["balance"],
    ) == (
        0,
        5000,
    )
    assert "Mia" not in str(written.details)


def test_approving_twice_posts_once(client, ana, bea, mia):
    approval = asked(client, ana, mia)
    client.force_login(bea)

    decide(client, "approve", approval)
    response = decide(client, "approve", approval)

    assert "was approved before" in text_of(response)
    assert Transfer.objects.count() == 1
    assert AuditEntry.objects.filter(action="approvals.approve").count() == 1


def test_nobody_decides_what_they_asked_for(client, ana, mia):
    approval = asked(client, ana, mia)

    shown = text_of(client.get(TASKS))

    assert "somebody else must decide" in shown
    assert reverse("inbox:approve", args=[approval.pk]) not in shown
    for verb in ("approve", "reject"):
        response = decide(client, verb, approval, reason="no")
        assert response.status_code == 422
        assert "Somebody else must decide" in text_of(response)
    approval.refresh_from_db()
    assert approval.state == "pending"
    assert not Transfer.objects.exists()


def test_rejecting_needs_a_reason_and_posts_nothing(client, ana, bea, mia):
    approval = asked(client, ana, mia)
    client.force_login(bea)

    refused = decide(client, "reject", approval, reason=" ")
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["reason"]

    decide(client, "reject", approval, reason="No proof")

    approval.refresh_from_db()
    assert (approval.state, approval.reason) == ("rejected", "No proof")
    assert not Transfer.objects.exists()
    assert "No proof" in text_of(client.get(TASKS))
    assert "decided the other way" in text_of(decide(client, "approve", approval))


def test_what_the_books_refuse_stays_pending_and_says_why(client, ana, bea, mia):
    pages.give(mia, 2000)
    approval = asked(client, ana, mia, "-1500")
    pages.spend(mia, 1900)
    client.force_login(bea)

    response = decide(client, "approve", approval)

    assert response.status_code == 422
    assert "100 points are available, 1500 are asked for." in text_of(response)
    approval.refresh_from_db()
    assert approval.state == "pending"


def test_a_debt_is_written_off_by_two(client, ana, bea):
    debtor = pages.owing(40)
    client.force_login(ana)
    address = reverse("points:write_off", args=[debtor.number])
    sheet = {"points": "41", "reason": "Moved away", "form": str(uuid4())}

    refused = client.post(address, sheet)
    assert refused.status_code == 422
    assert "does not owe that much" in str(refused.context["form"].errors["points"])
    for _ in range(2):
        client.post(address, {**sheet, "points": "40"})
    approval = Approval.objects.get()
    assert pages.balance(debtor).debt == 40
    assert "awaiting approval" in text_of(client.get("/points/debts/"))

    client.force_login(bea)
    decide(client, "approve", approval)

    assert pages.balance(debtor).debt == 0
    assert "Nobody owes points." in text_of(client.get("/points/debts/"))


def test_bruno_has_no_tasks_and_decides_nothing(client, ana, bruno, mia):
    approval = asked(client, ana, mia)
    client.force_login(bruno)

    assert client.get(TASKS).status_code == 403
    for verb in ("approve", "reject"):
        assert decide(client, verb, approval, reason="no").status_code == 403


def test_clara_sees_what_she_asked_for_and_decides_nothing(client, ana, clara, mia):
    foreign = asked(client, ana, mia)
    hers = pages.member(store=factories.store("S-CLARA"))
    own = asked(client, clara, hers)

    shown = text_of(client.get(TASKS))

    assert f'id="request-{own.pk}"' in shown
    assert f'id="request-{foreign.pk}"' not in shown
    for approval in (own, foreign):
        assert decide(client, "approve", approval).status_code == 404
    assert not Transfer.objects.exists()


def test_an_admin_of_one_store_decides_about_its_members_only(client, ana, mia):
    store = factories.store("S-ONE")
    foreign, inside = (
        asked(client, ana, mia),
        asked(client, ana, pages.member(store=store)),
    )
    client.force_login(factories.user("admin", stores=(store,)))

    assert decide(client, "approve", foreign).status_code == 404
    assert decide(client, "approve", inside).status_code == 200
    assert Transfer.objects.count() == 1


def test_the_rail_counts_what_others_wait_for(client, ana, bea, mia):
    for _ in range(2):
        asked(client, ana, mia)
    assert queries.waiting_for(user=ana) == 0
    assert queries.waiting_for(user=bea) == 2
    client.force_login(bea)

    assert '<span class="count">2</span>' in text_of(client.get(TASKS))


def test_failed_jobs_and_refused_refunds_stand_there(client, ana):
    Job.objects.create(
        kind="import", state="failed", created_at=NOW, finished_at=NOW, error="No disk."
    )
    for number, refused in (("r-1", "too_much"), ("r-2", "")):
        ParkedRefund.objects.create(
            source="till",
            order_external_id="o-1",
            external_id=number,
            payload={},
            received_at=NOW,
            refused=refused,
        )
    client.force_login(ana)

    shown = text_of(client.get(TASKS))

    assert "No disk." in shown
    assert "r-1" in shown
    assert "too_much" in shown
    assert "r-2" not in shown


def test_decided_requests_have_pages(client, ana, bea, mia, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    made = [asked(client, ana, mia) for _ in range(3)]
    client.force_login(bea)
    for approval in made:
        decide(client, "reject", approval, reason="no")

    first = client.get(TASKS)
    older = client.get(TASKS + first.context["older"], headers={"HX-Request": "true"})

    assert [one.request for one in first.context["decided"]] == made[:0:-1]
    assert [one.request for one in older.context["decided"]] == made[:1]
    assert "<html" not in text_of(older)


@pytest.mark.parametrize("rows", [1, 3])
def test_tasks_have_a_fixed_number_of_queries(
    client, ana, bea, mia, rows, django_assert_num_queries
):
    for _ in range(rows):
        approval = asked(client, ana, mia)
        asked(client, ana, mia)
        client.force_login(bea)
        decide(client, "reject", approval, reason="no")
    client.get(TASKS)

    with django_assert_num_queries(14):
        client.get(TASKS)
