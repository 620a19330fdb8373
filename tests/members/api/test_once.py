"""The same POST again: answered again, not done again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from members.api import services
from members.api.models import IdempotentRequest
from members.approvals.models import Approval
from tests import approving
from tests.api import Api
from tests.approving import AT, asked

PROBLEM = "application/problem+json"


@pytest.mark.django_db
def test_same_key_and_request_is_answered_again_and_not_done_again():
    approval = asked()
    api = Api(at=AT)

    first = api.post(f"approvals/{approval.pk}/reject/", {"reason": "a"}, key="K")
    again = api.post(f"approvals/{approval.pk}/reject/", {"reason": "a"}, key="K")
    other = api.post(f"approvals/{approval.pk}/reject/", {"reason": "b"}, key="K")

    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Content-Type"] == first["Content-Type"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.django_db
def test_a_refusal_is_kept_and_its_work_undone():
    approval = asked(refuse=True)
    api = Api(at=AT)

    first = api.post(f"approvals/{approval.pk}/approve/", key="K")
    Approval.objects.filter(pk=approval.pk).update(payload={"code": "S-NOW"})
    again = api.post(f"approvals/{approval.pk}/approve/", key="K")

    assert (first.status_code, first["Content-Type"]) == (409, PROBLEM)
    assert again["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (409, first.content)
    assert again["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_input_that_was_refused_may_be_mended_under_the_same_key():
    approval = asked()
    api = Api(at=AT)

    wrong = api.post(f"approvals/{approval.pk}/reject/", {"reason": 1}, key="K")
    right = api.post(f"approvals/{approval.pk}/reject/", {"reason": "1"}, key="K")

    assert (wrong.status_code, right.status_code) == (400, 200)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
def test_an_idempotency_key_is_printable_and_short(key):
    response = Api().post(f"approvals/{asked().pk}/reject/", key=key)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.django_db
def test_keys_of_two_callers_do_not_meet():
    approval = asked()

    first = Api().post(f"approvals/{approval.pk}/reject/", {"reason": "a"}, key="K")
    other = Api().post(f"approvals/{approval.pk}/reject/", {"reason": "b"}, key="K")

    assert (first.status_code, other.status_code) == (200, 200)
    assert "Idempotent-Replayed" not in other


@pytest.mark.django_db(transaction=True)
def test_while_the_first_runs_the_second_is_told_to_wait():
    running, go_on = threading.Event(), threading.Event()

    def slowly(act):
        running.set()
        assert go_on.wait(30)
        return approving.execute(act)

    approving.register(slowly)
    approval = asked()
    api = Api(at=AT)
    path = f"approvals/{approval.pk}/approve/"
    answers = []

    def first():
        try:
            answers.append(api.post(path, key="K"))
        finally:
            connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(30)
    meanwhile = api.post(path, key="K")
    go_on.set()
    thread.join(30)
    after = api.post(path, key="K")

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "in_progress")
    assert meanwhile["Retry-After"] == "1"
    assert answers[0].status_code == 200
    assert (after.status_code, after.content) == (200, answers[0].content)
    assert after["Idempotent-Replayed"] == "true"
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.django_db
def test_sweep_forgets_only_what_is_old():
    api = Api(at=AT)
    api.post(f"approvals/{asked().pk}/reject/", key="old")
    api.at = AT + timedelta(days=5)
    api.post(f"approvals/{asked().pk}/reject/", key="new")

    services.sweep(at=AT + services.KEPT + timedelta(seconds=1))

    assert [one.key for one in IdempotentRequest.objects.all()] == ["new"]
