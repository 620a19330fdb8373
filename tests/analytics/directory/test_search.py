"""Whom a text finds: the one it names, and no stranger."""

from __future__ import annotations

import pytest

from analytics.directory.search import matching_ids
from members.profiles.models import Identifier, Member
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    ana = factories.member(name="Ana")
    bo = factories.member(name="Bo")
    cy = factories.member("56399", name="Cy")
    for member, kind, value in (
        (ana, "email", "member0000563@example.net"),
        (bo, "phone", "+8613800056399"),
        (bo, "email", "bo@example.net"),
    ):
        Identifier.objects.create(
            member=member, type=kind, value=value, source="", created_at=factories.AT
        )
    return {ana.pk: "Ana", bo.pk: "Bo", cy.pk: "Cy"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("member0000563@example.net", {"Ana"}),
        ("bo@", {"Bo"}),
        ("x+++++", set()),
        ("138 0005 6399", {"Bo"}),
        ("(0138) 0005-63", {"Bo"}),
        ("+86 138", {"Bo"}),
        ("0563", set()),
        ("13800056399", {"Bo"}),
        ("56399", {"Cy"}),
    ],
)
def test_a_text_finds_whom_it_names(people, text, found):
    assert {people[pk] for (pk,) in matching_ids(text)} == found


def test_a_number_finds_its_member_alone(people):
    ana = Member.objects.get(name="Ana")
    factories.member()

    assert set(matching_ids(ana.number)) == {(ana.pk,)}
    assert set(matching_ids(ana.number.lower())) == {(ana.pk,)}
