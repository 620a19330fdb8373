"""One asks, another decides, it is done once and written down."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from members.audit.models import AuditEntry
from tests.api import Api
from tests.approving import AT, asked


@pytest.mark.django_db
def test_approve_needs_another_person_and_happens_once():
    author, other = Api(at=AT), Api(at=AT)
    approval = asked(f"key:{author.key.pk}")

    own = author.post(f"approvals/{approval.pk}/approve/")
    first = other.post(f"approvals/{approval.pk}/approve/")
    second = other.post(f"approvals/{approval.pk}/approve/")

    assert (own.status_code, own.json()["code"]) == (409, "own_request")
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["state"] == "approved"
    assert first.json()["result"] == {"code": "S-ASKED"}
    entry = AuditEntry.objects.get(action="approvals.approve")
    assert entry.agent == f"key:{other.key.pk}"
    assert entry.details == {
        "kind": "test",
        "before": {"state": "pending", "stores": 0},
        "after": {"state": "approved", "stores": 1},
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(details={})


@pytest.mark.django_db
def test_two_keys_of_one_person_are_one_person(ana):
    author, other = Api(by_id=ana.pk), Api(by_id=ana.pk)
    approval = asked(f"key:{author.key.pk}")

    response = other.post(f"approvals/{approval.pk}/approve/")

    assert response.json()["code"] == "own_request"


@pytest.mark.django_db
def test_rejected_is_rejected_and_audited():
    approval = asked()
    api = Api()

    first = api.post(f"approvals/{approval.pk}/reject/", {"reason": "too much"})
    second = api.post(f"approvals/{approval.pk}/reject/")
    approve = api.post(f"approvals/{approval.pk}/approve/")

    assert (first.json()["state"], first.json()["reason"]) == ("rejected", "too much")
    assert second.json() == first.json()
    assert (approve.status_code, approve.json()["code"]) == (409, "decided")
    assert AuditEntry.objects.filter(action="approvals.reject").count() == 1


@pytest.mark.django_db
def test_what_the_act_refuses_stays_pending():
    approval = asked(refuse=True)

    response = Api().post(f"approvals/{approval.pk}/approve/")

    approval.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (409, "not_today")
    assert approval.state == "pending"


@pytest.mark.django_db
def test_kinds_outside_the_scopes_do_not_exist():
    approval = asked()
    api = Api("programme:write")

    assert api.get("approvals/").json()["results"] == []
    assert api.post(f"approvals/{approval.pk}/approve/").status_code == 404
