"""Drafts on their way to a version: who may, in what order, and what never happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from members.access.models import ApiKey
from members.approvals import services as approvals
from members.approvals.models import Approval
from members.audit.models import AuditEntry
from members.programme import queries as programme
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft, ProgrammeVersion
from members.programme.rules import InvalidSetting
from members.programme.services import FixedSetting, StaleVersion
from members.settings import drafts, services
from members.settings.drafts import DraftClosed, OwnDraft, StaleDraft
from tests import factories
from tests.factories import AT

LESS = {"expiry": {"months": 6}}
MORE = {"expiry": {"months": 24}}


@pytest.fixture
def people(db) -> dict[str, str]:
    names = ("ana", "bea", "dora")
    return {
        name: f"user:{factories.user('admin', email=f'{name}@x.example').pk}"
        for name in names
    }


@pytest.fixture
def second(people) -> ProgrammeVersion:
    """A version somebody published: from now on lowering takes two."""
    found = services.publish_programme(
        values={},
        based_on=1,
        effective_from=None,
        note="",
        by=people["ana"],
        at=AT,
    )
    assert isinstance(found, ProgrammeVersion)
    return found


def make(by: str, *, at: datetime = AT, begins: datetime | None = None, **values):
    return drafts.make(
        title="Spring", values=values, effective_from=begins, note="Why", by=by, at=at
    )


def publish(draft, by: str, *, at: datetime = AT):
    draft.refresh_from_db()
    return drafts.publish(draft_id=draft.pk, revision=draft.revision, by=by, at=at)


def approve(approval: Approval, by: str, *, at: datetime = AT):
    return approvals.approve(approval_id=approval.pk, by=by, at=at)


def test_a_draft_that_raises_benefits_is_published_by_its_author(people, second):
    draft = make(people["ana"], **MORE)

    version = publish(draft, people["ana"])

    draft.refresh_from_db()
    assert isinstance(version, ProgrammeVersion)
    assert (version.number, version.effective_from) == (3, AT)
    assert (version.published_by, version.approved_by) == (people["ana"], "")
    assert (draft.state, draft.version) == (DraftState.PUBLISHED, version)
    assert programme.latest().expiry.months == 24


def test_a_draft_that_lowers_benefits_waits_for_a_second_person(people, second):
    draft = make(people["ana"], **LESS)

    approval = publish(draft, people["ana"])

    draft.refresh_from_db()
    assert isinstance(approval, Approval)
    assert (draft.state, draft.approval) == (DraftState.WAITING, approval)
    assert programme.latest().number == 2
    assert [one["setting"] for one in approval.facts["lowers"]] == ["expiry.months"]

    decision = approve(approval, people["bea"])

    version = ProgrammeVersion.objects.get(number=3)
    assert decision.approval.result["version"] == 3
    assert (version.published_by, version.approved_by) == (
        people["ana"],
        people["bea"],
    )
    assert version.settings["expiry"]["months"] == 6
    entry = AuditEntry.objects.filter(action="programme.publish").latest("pk")
    assert entry.details["approved_by"] == people["bea"]


def test_approving_twice_publishes_once(people, second):
    approval = publish(make(people["ana"], **LESS), people["ana"])

    approve(approval, people["bea"])
    again = approve(approval, people["bea"])

    assert again.replayed
    assert ProgrammeVersion.objects.count() == 3


@pytest.mark.parametrize("by", ["ana", "bea"])
def test_whoever_wrote_in_the_draft_is_not_its_second_person(people, second, by):
    draft = make(people["ana"], **LESS)
    drafts.save(
        draft_id=draft.pk,
        revision=draft.revision,
        title="Summer",
        values={"pending_days": 30},
        effective_from=None,
        note="",
        by=people["bea"],
        at=AT,
    )
    approval = publish(draft, people["dora"])

    for refused in {by, "dora"}:
        with pytest.raises(approvals.OwnRequest):
            approve(approval, people[refused])

    assert programme.latest().number == 2
    other = factories.user("admin")
    approve(approval, f"user:{other.pk}")
    assert programme.latest().number == 3


def test_a_key_of_the_author_is_the_author(people, second):
    ana = int(people["ana"].partition(":")[2])
    key = ApiKey.objects.create(
        name="till",
        prefix="tern_x",
        digest="d",
        scopes=["programme:write"],
        created_by_id=ana,
        created_at=AT,
    )
    draft = make(people["ana"], **LESS)
    approval = publish(draft, people["bea"])

    with pytest.raises(OwnDraft):
        approve(approval, f"key:{key.pk}")


def test_a_rejected_draft_can_be_changed_and_sent_again(people, second):
    draft = make(people["ana"], **LESS)
    approval = publish(draft, people["ana"])

    approvals.reject(
        approval_id=approval.pk, by=people["bea"], at=AT, reason="Too short"
    )

    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    assert isinstance(publish(draft, people["ana"]), Approval)


def test_a_draft_taken_back_waits_no_more(people, second):
    draft = make(people["ana"], **LESS)
    approval = publish(draft, people["ana"])

    drafts.withdraw(draft_id=draft.pk, by=people["ana"], at=AT)

    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    with pytest.raises(approvals.Decided):
        approve(approval, people["bea"])
    assert programme.latest().number == 2


@pytest.mark.parametrize("act", ["save", "discard", "publish", "bring_up_to_date"])
def test_a_waiting_draft_is_left_alone(people, second, act):
    draft = make(people["ana"], **LESS)
    publish(draft, people["ana"])
    draft.refresh_from_db()
    told = {"draft_id": draft.pk, "by": people["ana"], "at": AT}
    more = {
        "save": {
            "revision": draft.revision,
            "title": "x",
            "values": {},
            "effective_from": None,
            "note": "",
        },
        "publish": {"revision": draft.revision},
    }

    with pytest.raises(DraftClosed):
        getattr(drafts, act)(**told, **more.get(act, {}))


def test_a_discarded_draft_is_gone_and_stays_in_the_audit(people, second):
    draft = make(people["ana"], **MORE)

    drafts.discard(draft_id=draft.pk, by=people["ana"], at=AT)

    draft.refresh_from_db()
    assert draft.state == DraftState.DISCARDED
    with pytest.raises(DraftClosed):
        publish(draft, people["ana"])
    actions = AuditEntry.objects.filter(target=f"ProgrammeDraft:{draft.pk}")
    assert list(actions.order_by("pk").values_list("action", flat=True)) == [
        "programme.draft.make",
        "programme.draft.discard",
    ]


def test_saving_over_a_change_one_has_not_seen_is_refused(people, second):
    draft = make(people["ana"], **MORE)
    told = {"draft_id": draft.pk, "title": "x", "effective_from": None, "note": ""}
    drafts.save(**told, revision=1, values={}, by=people["bea"], at=AT)

    with pytest.raises(StaleDraft):
        drafts.save(**told, revision=1, values=LESS, by=people["ana"], at=AT)
    with pytest.raises(StaleDraft):
        drafts.publish(draft_id=draft.pk, revision=1, by=people["ana"], at=AT)


def test_a_wrong_setting_leaves_the_draft_as_it_was(people, second):
    draft = make(people["ana"], **MORE)

    with pytest.raises(InvalidSetting) as refused:
        drafts.save(
            draft_id=draft.pk,
            revision=1,
            title="x",
            values={"expiry": {"months": 0}},
            effective_from=None,
            note="",
            by=people["ana"],
            at=AT,
        )

    assert refused.value.field == "expiry.months"
    draft.refresh_from_db()
    assert (draft.title, draft.revision) == ("Spring", 1)


def test_nothing_is_retroactive(people, second):
    draft = make(people["ana"], begins=AT - timedelta(seconds=1), **MORE)

    with pytest.raises(InvalidSetting) as refused:
        publish(draft, people["ana"])
    assert refused.value.field == "effective_from"


def test_a_moment_that_passed_while_it_waited_becomes_that_of_the_approval(
    people, second
):
    begins, later = AT + timedelta(days=1), AT + timedelta(days=3)
    early = make(people["ana"], begins=begins, **LESS)
    approval = publish(early, people["ana"])

    approve(approval, people["bea"], at=later)

    assert ProgrammeVersion.objects.get(number=3).effective_from == later


def test_a_moment_ahead_stays_when_it_is_approved_before(people, second):
    begins = AT + timedelta(days=9)
    approval = publish(make(people["ana"], begins=begins, **LESS), people["ana"])

    approve(approval, people["bea"], at=AT + timedelta(days=3))

    assert ProgrammeVersion.objects.get(number=3).effective_from == begins


def test_a_draft_on_an_older_version_is_stale_until_it_is_brought_up_to_date(
    people, second
):
    draft = make(people["ana"], **MORE)
    services.publish_programme(
        values={"churn_days": 77},
        based_on=2,
        effective_from=None,
        note="",
        by=people["bea"],
        at=AT,
    )
    with pytest.raises(StaleVersion):
        publish(draft, people["ana"])

    drafts.bring_up_to_date(draft_id=draft.pk, by=people["ana"], at=AT)
    publish(draft, people["ana"])

    latest = programme.latest()
    assert (latest.expiry.months, latest.churn_days) == (24, 77)


def test_currency_is_fixed_before_anybody_is_asked(people, second):
    factories.member(first_order_at=AT)
    draft = make(people["ana"], currency="CNY", **LESS)

    with pytest.raises(FixedSetting):
        publish(draft, people["ana"])
    assert not Approval.objects.exists()


def test_rolling_back_is_a_version_equal_to_the_old_one(people, second):
    publish(make(people["ana"], churn_days=77, **MORE), people["ana"])

    draft = drafts.roll_back(number=2, title="As 2", by=people["ana"], at=AT)
    approval = publish(draft, people["ana"])
    # Twelve months again instead of 24: that takes a second person too.
    approve(approval, people["bea"])

    versions = ProgrammeVersion.objects.in_bulk(field_name="number")
    assert versions[4].settings == versions[2].settings
    assert versions[3].settings != versions[2].settings


def test_without_approval_one_person_lowers_benefits_and_two_switch_it_off(
    people, second
):
    off = publish(make(people["ana"], publish_approval=False), people["ana"])
    assert isinstance(off, Approval)
    approve(off, people["bea"])

    version = publish(make(people["ana"], **LESS), people["ana"])

    assert isinstance(version, ProgrammeVersion)


def test_the_first_version_takes_one_person(people):
    found = services.publish_programme(
        values=LESS, based_on=1, effective_from=None, note="", by=people["ana"], at=AT
    )

    assert isinstance(found, ProgrammeVersion)
    assert found.effective_from is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", [True, False], ids=["one draft", "two drafts"])
def test_of_two_who_publish_at_once_one_does(same):
    ana, bea = (f"user:{factories.user('admin').pk}" for _ in range(2))
    one = make(ana, **MORE)
    other = one if same else make(bea, churn_days=77)
    barrier, outcomes = Barrier(2), []

    def run(draft: ProgrammeDraft, by: str) -> None:
        try:
            barrier.wait()
            drafts.publish(draft_id=draft.pk, revision=1, by=by, at=AT)
        except (DraftClosed, StaleVersion, StaleDraft) as refusal:
            outcomes.append(type(refusal))
        else:
            outcomes.append(ProgrammeVersion)
        finally:
            connection.close()

    threads = [Thread(target=run, args=told) for told in ((one, ana), (other, bea))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    refused = DraftClosed if same else StaleVersion
    assert sorted(outcomes, key=str) == sorted([ProgrammeVersion, refused], key=str)
    assert ProgrammeVersion.objects.count() == 2
