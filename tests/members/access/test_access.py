from __future__ import annotations

import pytest
from django.db import IntegrityError

from members.access import queries, rules
from members.access.enums import Role
from members.access.http import requires
from members.access.models import User
from tests import factories


def test_admin_holds_every_word():
    assert rules.permissions_of([Role.ADMIN]) == rules.WORDS


def test_a_group_that_is_no_role_grants_nothing():
    assert rules.permissions_of(["choir"]) == frozenset()


def test_viewer_may_neither_export_nor_import():
    assert not {"members.export", "imports.run"} & rules.permissions_of([Role.VIEWER])


def test_requires_refuses_a_word_nobody_knows():
    with pytest.raises(ValueError, match="unknown permission"):
        requires("members.fly")


@pytest.mark.django_db
def test_somebody_inactive_holds_nothing():
    gone = factories.user("admin", is_active=False)

    assert gone.words == frozenset()


@pytest.mark.django_db
def test_store_scope_is_open_without_stores(bruno):
    assert queries.store_scope(user=bruno) is None


def test_store_scope_names_the_stores(clara):
    assert queries.store_codes(user=clara) == frozenset({"S-CLARA"})


@pytest.mark.django_db
def test_an_address_is_kept_in_lower_case():
    user = User.objects.create_user(" Dora@Example.COM ", "correct horse 7")

    assert user.email == "dora@example.com"


@pytest.mark.django_db
def test_one_address_is_one_person():
    factories.user(email="dora@example.com")

    with pytest.raises(IntegrityError):
        factories.user(email="dora@example.com")
