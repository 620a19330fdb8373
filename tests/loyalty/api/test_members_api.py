"""Members by the API: made once for their number, found by any name, changed."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.values.enums import RunState
from analytics.values.models import MemberValue, ValueRun
from members.audit.models import AuditEntry
from members.profiles.models import ChangedMember, Consent, Member
from tests import factories
from tests.api import Api, errors

FULL = {
    "external_id": "c-17",
    "name": "王芳",
    "email": "Wang.Fang@Example.org ",
    "phone": "0049 30 123456",
    "birthday": "1990-02-28",
    "joined_at": "2026-02-28T23:30:00+00:00",
    "language": "zh-CN",
    "acquisition_channel": "shop",
    "attributes": {"size": "M"},
    "consents": {"email": True, "sms": False},
}


def test_post_makes_a_member_to_the_letter(shop):
    response = shop.api.post("members/", FULL)

    made = Member.objects.get(name="王芳")
    assert response.status_code == 201
    assert response.json() == {
        "id": made.pk,
        "number": f"T{made.pk:09d}",
        "name": "王芳",
        "email": "wang.fang@example.org",
        "phone": "+4930123456",
        "birthday": "1990-02-28",
        "joined_on": "2026-03-01",  # in Berlin
        "language": "zh-hans",
        "time_zone": "",
        "store": None,
        "acquisition_channel": "shop",
        "identifiers": [
            {"type": "email", "value": "wang.fang@example.org"},
            {"type": "external", "value": "c-17"},
            {"type": "phone", "value": "+4930123456"},
        ],
        "attributes": {"size": "M"},
        "consents": {
            "email": {"granted": True, "at": "2026-03-01T11:00:00Z"},
            "sms": {"granted": False, "at": "2026-03-01T11:00:00Z"},
        },
        "value": None,
        "tier": None,
        "points_awarded": 0,
        "created_at": "2026-03-01T11:00:00Z",
        "updated_at": "2026-03-01T11:00:00Z",
    }
    assert made.name_key == "wang fang"
    assert ChangedMember.objects.filter(member_id=made.pk).exists()


def test_the_same_payload_again_is_the_same_member(shop):
    first = shop.api.post("members/", FULL)

    again = shop.api.post("members/", {**FULL, "email": "wang.fang@example.org"})

    assert (again.status_code, again.json()) == (200, first.json())
    assert Member.objects.count() == 1


def test_another_payload_under_the_number_is_a_conflict(shop):
    first = shop.api.post("members/", FULL).json()

    response = shop.api.post("members/", {**FULL, "name": "Wang Fang"})

    assert response.status_code == 409
    told = response.json()
    assert (told["code"], told["field"]) == ("external_id_conflict", "external_id")
    assert (told["member"], told["number"]) == (first["id"], first["number"])


def test_a_member_known_from_a_file_is_a_conflict_and_not_overwritten(shop):
    known = factories.member("c-17", name="From the file")

    response = shop.api.post("members/", FULL)

    assert (response.status_code, response.json()["member"]) == (409, known.pk)
    known.refresh_from_db()
    assert known.name == "From the file"


def test_two_sources_may_use_the_same_number(shop):
    first = shop.api.post("members/", {"external_id": "1", "source": "shop"})
    other = shop.api.post("members/", {"external_id": "1", "source": "app"})

    assert (first.status_code, other.status_code) == (201, 201)
    assert first.json()["id"] != other.json()["id"]
    assert shop.api.get("members/~app:1/").json()["id"] == other.json()["id"]


@pytest.mark.parametrize("field", ["email", "phone"])
def test_an_address_of_somebody_else_is_refused_and_nobody_made(shop, field):
    shop.api.post("members/", FULL)

    response = shop.api.post("members/", {"external_id": "c-18", field: FULL[field]})

    told = response.json()
    assert (response.status_code, told["code"]) == (409, "identifier_taken")
    assert told["field"] == field
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("external_id", "required")]),
        ({"external_id": ""}, [("external_id", "blank")]),
        ({"external_id": 17}, [("external_id", "invalid")]),
        ({"external_id": "1.2E+10"}, [("external_id", "bad_identifier")]),
        ({"external_id": "x" * 201}, [("external_id", "too_long")]),
        ({"email": "nobody"}, [("email", "bad_email")]),
        ({"phone": "030 123456"}, [("phone", "ambiguous_phone")]),
        ({"phone": "+49 abc"}, [("phone", "bad_phone")]),
        ({"birthday": "28.02.1990"}, [("birthday", "invalid")]),
        ({"birthday": "1990-02-30"}, [("birthday", "invalid")]),
        ({"birthday": "0001-01-01"}, [("birthday", "out_of_range")]),
        ({"joined_at": "2026-02-28"}, [("joined_at", "invalid")]),
        ({"joined_at": "2026-02-28T10:00:00"}, [("joined_at", "invalid")]),
        ({"joined_at": 1772272800}, [("joined_at", "invalid")]),
        ({"language": "tlh"}, [("language", "unknown")]),
        ({"time_zone": "Berlin"}, [("time_zone", "unknown")]),
        ({"store": "nowhere"}, [("store", "unknown_store")]),
        ({"source": "email"}, [("source", "reserved")]),
        ({"name": "x" * 201}, [("name", "max_length")]),
        ({"name": None}, [("name", "null")]),
        ({"attributes": []}, [("attributes", "not_a_dict")]),
        ({"attributes": {"a": 1}}, [("attributes.a", "invalid")]),
        ({"attributes": {"": "x"}}, [("attributes", "name")]),
        (
            {"attributes": {str(n): "" for n in range(101)}},
            [("attributes", "too_many")],
        ),
        ({"consents": {"email": "yes"}}, [("consents.email", "invalid")]),
        ({"nickname": "x"}, [("nickname", "unknown_field")]),
    ],
)
def test_wrong_input_names_its_field(shop, body, expected):
    told = {"external_id": "c-1", **body} if body else body

    assert errors(shop.api.post("members/", told)) == expected
    assert Member.objects.count() == 0


def test_joining_in_the_future_is_422(shop):
    body = {"external_id": "c-1", "joined_at": "2026-03-01T12:00:01+01:00"}

    response = shop.api.post("members/", body)

    assert (response.status_code, response.json()["code"]) == (422, "future")


def test_signing_up_gives_what_the_programme_promises_once(shop):
    shop.publish(earn={"events": {"sign_up": 50}})
    body = {"external_id": "c-1"}

    first = shop.api.post("members/", body)
    again = shop.api.post("members/", body)

    assert (first.json()["points_awarded"], again.json()["points_awarded"]) == (50, 50)
    points = shop.points("~external:c-1")
    assert (points["available"], points["qualifying"]) == (50, 0)
    assert points["expiring"] == [{"on": "2027-03-01", "points": 50}]
    assert points["lots"][0]["source"]["kind"] == "event"


def test_a_member_has_many_names(shop):
    made = shop.api.post("members/", FULL).json()

    for name in (
        made["id"],
        made["number"],
        "~external:c-17",
        "~email:WANG.fang@example.org",
        "~phone:+4930123456",
        "~phone:%2B49%2030%20123456",
    ):
        assert shop.api.get(f"members/{name}/").json()["id"] == made["id"], name


def test_a_number_may_hold_a_slash(shop):
    shop.api.post("members/", {"external_id": "a/b"})

    response = shop.api.get("members/~external:a%2Fb/points/")

    assert response.status_code == 200
    assert shop.api.get("members/~external:a%2Fb/").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["0", "99", "9" * 30, "T000000099", "~external:x", "~email:x", "x", "~x"],
)
def test_nobody_is_404(shop, name):
    response = shop.api.get(f"members/{name}/")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_nul_in_an_address_is_a_bad_request(shop):
    response = shop.api.get("members/%00/")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_a_merged_member_is_the_one_that_stayed(shop):
    stays = factories.member("stays")
    factories.member("goes", merged_into=stays)

    assert shop.api.get("members/~external:goes/").json()["id"] == stays.pk


def test_value_facts_come_with_their_day(shop):
    member = factories.member("c-1")
    run = ValueRun.objects.create(
        as_of=date(2026, 2, 28),
        state=RunState.DONE,
        settings_number=1,
        started_at=factories.AT,
        finished_at=factories.AT,
    )
    MemberValue.objects.create(
        member=member,
        external_id="c-1",
        orders=3,
        refunds=0,
        gross_minor=12345,
        refunded_minor=0,
        spend_minor=12345,
        orders_12m=2,
        spend_12m_minor=10000,
        categories=1,
        last_on=date(2026, 2, 1),
        recency_days=27,
        r=5,
        f=4,
        m=3,
        stage="repeat",
        run=run,
    )

    value = shop.api.get("members/~external:c-1/").json()["value"]

    assert (value["as_of"], value["spend"]) == ("2026-02-28", "123.45")
    assert (value["orders"], value["recency_days"], value["r"]) == (3, 27, 5)


def test_patch_changes_what_it_names_and_leaves_the_rest(shop):
    store = factories.store("S1")
    made = shop.api.post("members/", FULL).json()

    response = shop.api.patch(
        "members/~external:c-17/",
        {
            "name": "Wang Fang",
            "email": "new@example.org",
            "phone": None,
            "store": "S1",
            "time_zone": "Asia/Shanghai",
            "attributes": {"size": None, "shoe": "38"},
            "consents": {"email": False, "sms": False},
        },
    )

    told = response.json()
    assert response.status_code == 200
    assert (told["name"], told["birthday"]) == ("Wang Fang", made["birthday"])
    assert (told["email"], told["phone"]) == ("new@example.org", None)
    assert (told["store"], told["time_zone"]) == (store.code, "Asia/Shanghai")
    assert told["attributes"] == {"shoe": "38"}
    assert told["consents"]["email"]["granted"] is False
    assert shop.api.get("members/~email:wang.fang@example.org/").status_code == 404
    # A consent is added; what was said before stays, and no change adds nothing.
    assert Consent.objects.count() == 3
    entry = AuditEntry.objects.get(action="members.change")
    assert entry.agent == f"key:{shop.api.key.pk}"
    assert "new@example.org" not in str(entry.details)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"external_id": "x"}, [("external_id", "unknown_field")]),
        ({"email": "x"}, [("email", "bad_email")]),
        ({"store": "nowhere"}, [("store", "unknown_store")]),
        ({"language": None}, [("language", "null")]),
        ([], [("", "invalid")]),
    ],
)
def test_patch_refuses_what_it_does_not_know(shop, member, body, expected):
    assert errors(shop.api.patch(f"members/{member}/", body)) == expected


def test_scopes_of_members(shop, member):
    reader, writer = Api("members:read"), Api("members:write")

    assert reader.get(f"members/{member}/").status_code == 200
    assert reader.patch(f"members/{member}/", {}).json()["scopes"] == ["members:write"]
    assert reader.post("members/", FULL).status_code == 403
    assert writer.get(f"members/{member}/").status_code == 403


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon"])
def test_a_clock_that_cannot_be_is_a_bad_request(shop, at):
    assert shop.at(at).api.get("members/1/").status_code == 400
