"""Whom a row of a file of members speaks of, and whose its identifiers are."""

from __future__ import annotations

from datetime import date

import pytest

from members.profiles.models import (
    Attribute,
    Identifier,
    Member,
)
from tests import factories
from tests.members.imports.people import counts, details, known, rejects

pytestmark = pytest.mark.django_db


def emails(member: str) -> list[str]:
    owner = Identifier.objects.get(value=member).member
    found = owner.identifiers.filter(type="email").order_by("value")
    return list(found.values_list("value", flat=True))


def test_the_second_row_of_a_member_is_a_duplicate(load, csv_file):
    path = csv_file("member,name\nc-1,Ana\nc-2,Bo\nc-1,Anna\n")

    summary = load("members", path)

    assert (counts(summary), rejects()) == ((2, 0, 0, 1), [(4, "duplicate")])
    assert details() == ["member: the same member is on line 2"]
    assert Member.objects.filter(name="Ana").count() == 1


def test_a_refused_row_leaves_its_member_to_the_next(load, csv_file):
    path = csv_file("member,birthday\nc-1,nonsense\nc-1,1990-01-01\n")

    load("members", path)

    assert rejects() == [(2, "bad_date")]
    assert Member.objects.get().birthday == date(1990, 1, 1)


def test_two_names_of_one_member_are_a_duplicate(load, csv_file):
    load("members", csv_file("member,email\nc-1,ana@example.org\n"))
    path = csv_file("member,name\n~email:ANA@example.org,Ana\nc-1,Bo\n")

    summary = load("members", path)

    assert (counts(summary), rejects()) == ((1, 0, 0, 1), [(3, "duplicate")])
    assert Member.objects.get().name == "Ana"


def test_two_names_of_a_new_member_are_a_duplicate(load, csv_file):
    path = csv_file("member,email\nc-1,ana@example.org\n~email:ana@example.org,\n")

    load("members", path)

    assert rejects() == [(3, "duplicate")]
    assert list(known()) == [(("email", "ana@example.org"), ("external", "c-1"))]


def test_rows_of_a_merged_member_go_to_the_one_that_stays(load, csv_file):
    stays = factories.member("c-1", name="Ana")
    gone = factories.member("c-2", name="Ana", merged_into=stays)

    summary = load("members", csv_file("member,language\nc-2,en\nc-1,en\n"))

    assert (counts(summary), rejects()) == ((1, 0, 0, 1), [(3, "duplicate")])
    stays.refresh_from_db()
    gone.refresh_from_db()
    assert (stays.language, gone.language) == ("en", "")


def test_update_replaces_the_e_mail_of_the_source_and_keeps_the_address(load, csv_file):
    load("members", csv_file("member,email\n~email:a@x.org,b@x.org\n"))

    load("members", csv_file("member,email\n~email:a@x.org,c@x.org\n"), "--update")

    assert emails("a@x.org") == ["a@x.org", "c@x.org"]


def test_another_source_adds_its_e_mail_and_attributes(load, csv_file):
    load("members", csv_file("member,email,size\n~phone:+4930123456,a@x.org,S\n"))
    path = csv_file("member,email,size\n~phone:+4930123456,b@x.org,M\n")

    summary = load("members", path, "--source", "shop")

    assert counts(summary) == (1, 0, 0, 0)
    assert emails("+4930123456") == ["a@x.org", "b@x.org"]
    kept = Attribute.objects.order_by("source").values_list("value", "source")
    assert list(kept) == [("S", "external"), ("M", "shop")]


def test_an_identifier_of_another_member_refuses_the_row(load, csv_file):
    load("members", csv_file("member,email\nc-1,ana@x.org\n"))
    path = csv_file("member,name,email\nc-2,Bo,ANA@x.org\nc-3,Cy,cy@x.org\n")

    summary = load("members", path, "--update")

    assert (counts(summary), rejects()) == ((1, 0, 0, 1), [(2, "identifier_taken")])
    assert details() == ["email: «ana@x.org» belongs to another member"]
    assert not Identifier.objects.filter(value="c-2").exists()


def test_of_two_rows_with_one_phone_the_first_gets_it(load, csv_file):
    path = csv_file("member,phone\nc-1,+49 30 123456\nc-2,0049 30 123456\n")

    load("members", path)

    assert rejects() == [(3, "identifier_taken")]
    assert details() == ["phone: «+4930123456» belongs to the member on line 2"]


def test_a_row_that_loses_its_e_mail_gives_up_its_phone(load, csv_file):
    path = csv_file(
        "member,email,phone\n"
        "c-1,a@x.org,\n"
        "c-2,a@x.org,+4930000001\n"
        "c-3,c@x.org,+4930000001\n"
        "c-4,c@x.org,+4930000002\n"
        "c-5,,+4930000002\n"
    )

    load("members", path)

    assert rejects() == [(3, "identifier_taken"), (5, "identifier_taken")]
    names = Identifier.objects.filter(type="external").order_by("value")
    assert list(names.values_list("value", flat=True)) == ["c-1", "c-3", "c-5"]


def test_two_sources_use_one_number_for_two_people(load, csv_file):
    path = csv_file("member,name\n1,Ana\n")

    load("members", path, "--source", "web")
    load("members", path, "--source", "till")

    assert set(known()) == {(("web", "1"),), (("till", "1"),)}
