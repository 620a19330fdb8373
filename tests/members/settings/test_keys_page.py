"""Keys of the HTTP API are made, shown once, listed and revoked in Settings."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from members.access import keys
from members.access import queries as access
from members.access.models import ApiKey
from members.audit.models import AuditEntry
from tests.factories import AT

pytestmark = pytest.mark.django_db


def make(name="till", **changes):
    return keys.create(name=name, scopes=["members:read"], at=AT, **changes)


def test_key_is_shown_once_and_works(client, ana):
    client.force_login(ana)

    told = {"name": "till 7", "scopes": ["points:write", "members:read"]}
    answer = client.post(reverse("settings:key_new"), told)

    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    (secret,) = set(re.findall(r"tern_[\w-]{40,}", answer.content.decode()))
    key = access.api_key_of(digest=keys.digest(secret))
    assert (key.name, key.scopes) == ("till 7", ["members:read", "points:write"])
    assert key.created_by == ana
    listed = client.get(reverse("settings:keys")).content.decode()
    assert (key.prefix in listed, secret in listed) == (True, False)
    entry = AuditEntry.objects.get(action="keys.make")
    assert secret not in str(entry.details)


def test_page_with_a_key_that_is_loaded_again_makes_no_second_one(client, ana):
    client.force_login(ana)
    form = client.get(reverse("settings:key_new")).context["form"]
    once = form["once"].value()
    told = {"name": "till", "scopes": ["members:read"], "once": str(once)}

    first = client.post(reverse("settings:key_new"), told)
    again = client.post(reverse("settings:key_new"), told)

    assert (first.status_code, again.status_code) == (201, 302)
    assert again["Location"] == reverse("settings:keys")
    assert access.api_keys().count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"requests_per_minute": "0"}, "requests_per_minute"),
    ],
)
def test_wrong_input_is_named_beside_its_field(client, ana, changes, field):
    client.force_login(ana)

    told = {"name": "till", "scopes": ["members:read"], **changes}
    answer = client.post(reverse("settings:key_new"), told)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert ApiKey.objects.count() == 0


def test_revoked_key_stays_in_the_list_and_is_told_once(client, ana):
    key = make().key
    client.force_login(ana)
    for _ in range(2):
        client.post(reverse("settings:key_revoke", args=[key.pk]))

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert AuditEntry.objects.filter(action="keys.revoke").count() == 1
    assert "Revoked" in client.get(reverse("settings:keys")).content.decode()


def test_expired_key_says_so(client, ana):
    make(expires_at=AT + timedelta(seconds=1))
    client.force_login(ana)

    assert "Expired" in client.get(reverse("settings:keys")).content.decode()


def test_only_admins_make_and_revoke(client, bruno):
    key = make().key
    client.force_login(bruno)

    answers = [
        client.get(reverse("settings:keys")),
        client.get(reverse("settings:key_new")),
        client.post(reverse("settings:key_revoke", args=[key.pk])),
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]
    assert ApiKey.objects.get().revoked_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_list_has_a_fixed_number_of_queries(
    client, ana, count, django_assert_num_queries
):
    for n in range(count):
        make(f"till {n}", by_id=ana.pk)
    client.force_login(ana)
    client.get(reverse("settings:keys"))

    with django_assert_num_queries(6):
        client.get(reverse("settings:keys"))
