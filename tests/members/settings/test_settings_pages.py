from __future__ import annotations

import re

import pytest
from django.core import mail
from django.urls import reverse

from members.access.models import Store, User
from members.audit.models import AuditEntry
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeVersion
from tests import factories

pytestmark = pytest.mark.django_db


def settings_form(**changes):
    latest = programme.latest()
    values = {**rules.dump(latest), "based_on": latest.number, "note": ""}
    return {**values, **changes}


def test_publishing_makes_a_version_and_an_audit_entry(client, ana):
    client.force_login(ana)

    client.post(reverse("settings:programme"), settings_form(churn_days=90))

    version = ProgrammeVersion.objects.get(number=2)
    entry = AuditEntry.objects.get()
    assert (version.settings["churn_days"], version.created_by) == (90, ana)
    assert (entry.action, entry.target) == ("programme.publish", "ProgrammeVersion:2")


def test_currency_cannot_change_once_somebody_bought(client, ana):
    factories.member(first_order_at=factories.AT)
    client.force_login(ana)

    response = client.post(reverse("settings:programme"), settings_form(currency="CNY"))

    assert response.status_code == 422
    assert "fixed once orders exist" in response.content.decode()
    assert programme.latest().currency == "EUR"


def test_a_stale_form_is_refused_and_keeps_what_was_typed(client, ana):
    client.force_login(ana)
    stale = settings_form(name="Spring & Oak")
    client.post(reverse("settings:programme"), settings_form(churn_days=90))

    response = client.post(reverse("settings:programme"), stale)

    assert response.status_code == 422
    assert "another version meanwhile" in response.content.decode()
    assert "Spring &amp; Oak" in response.content.decode()


def test_what_orders_have_fixed_is_not_offered(client, ana):
    client.force_login(ana)
    page = reverse("settings:programme")
    assert "Asia/Shanghai" in client.get(page).content.decode()

    factories.member(first_order_at=factories.AT)
    shown = client.get(page).content.decode()

    assert "Asia/Shanghai" not in shown
    assert re.search(r"<input[^>]*name=.currency.[^>]*readonly", shown)


@pytest.mark.parametrize("name", ["programme", "people", "stores"])
def test_settings_are_for_admins(client, bruno, name):
    client.force_login(bruno)

    response = client.get(reverse(f"settings:{name}"))

    assert response.status_code == 403
    assert "Admin" in response.content.decode()


def test_a_new_person_gets_a_link_that_sets_a_password(client, ana):
    client.force_login(ana)
    form = {"name": "Dora", "email": "Dora@Example.com", "roles": ["analyst"]}

    client.post(reverse("settings:person_new"), form)

    dora = User.objects.get(email="dora@example.com")
    assert dora.roles == ["analyst"]
    assert mail.outbox[0].to == ["dora@example.com"]
    assert "/accounts/password/reset/key/" in mail.outbox[0].body


def test_the_same_address_twice_is_refused_beside_the_field(client, ana):
    client.force_login(ana)
    form = {"name": "Ana again", "email": "ANA@example.com", "roles": ["viewer"]}

    response = client.post(reverse("settings:person_new"), form)

    assert response.status_code == 422
    assert User.objects.count() == 1


def test_the_last_admin_keeps_the_keys(client, ana):
    client.force_login(ana)
    form = {"name": "Ana", "roles": ["viewer"], "is_active": "on"}

    response = client.post(reverse("settings:person", args=[ana.pk]), form)

    assert response.status_code == 422
    assert "last active admin" in response.content.decode()
    assert User.objects.get(pk=ana.pk).roles == ["admin"]


def test_a_store_is_added_and_renamed(client, ana):
    client.force_login(ana)
    client.post(reverse("settings:store_new"), {"code": "S1", "name": "Oak"})
    store = Store.objects.get(code="S1")

    client.post(reverse("settings:store", args=[store.pk]), {"name": "Old Oak"})

    assert list(Store.objects.values_list("code", "name")) == [("S1", "Old Oak")]


def test_a_store_code_twice_is_refused(client, ana):
    factories.store("S1")
    client.force_login(ana)

    response = client.post(reverse("settings:store_new"), {"code": "S1", "name": ""})

    assert response.status_code == 422
    assert "already" in response.content.decode()


@pytest.mark.parametrize("people", [1, 3])
def test_people_page_has_a_fixed_number_of_queries(
    client, ana, people, django_assert_num_queries
):
    for _ in range(people):
        factories.user("viewer", stores=(factories.store(),))
    client.force_login(ana)
    client.get(reverse("settings:people"))

    with django_assert_num_queries(8):
        client.get(reverse("settings:people"))
