"""What changes points, by the API: every address with its answer and its refusals."""

from __future__ import annotations

import pytest

from loyalty.points.models import Transfer
from tests.api import Api, code, errors

AT = "2026-03-01T11:00:00Z"
# Within a test a transaction is a savepoint and its release.
TRANSACTION = 2
POSTS = {
    "adjustments": {"points": 10, "reason": "x"},
    "redemptions": {"points": 10, "reference": "r"},
    "holds": {"points": 10, "reference": "h", "ttl_seconds": 60},
    "transfers": {"points": 10, "to": "~external:friend"},
    "debt/write_off": {"reason": "x"},
}


def test_adjustment_to_the_letter(shop, member):
    entry = shop.give(member, 100, reason="goodwill", expires_at="2026-06-30")

    made = Transfer.objects.get()
    assert entry == {
        "id": made.pk,
        "kind": "adjust",
        "points": 100,
        "reference": made.reference,
        "occurred_at": AT,
        "posted_at": AT,
        "version": 2,
        "reason": "goodwill",
        "actor": f"key:{shop.api.key.pk}",
        "reverses": None,
        "parts": None,
        "currency": "points",
        "lots": [{"id": made.lots.get().pk, "points": 100}],
    }
    assert shop.points(member)["expiring"] == [{"on": "2026-06-30", "points": 100}]


def test_taking_more_than_there_is_is_refused(shop, member):
    shop.give(member, 10)

    taken = shop.give(member, -10)
    response = shop.api.post(
        f"members/{member}/points/adjustments/", {"points": -1, "reason": "x"}
    )

    assert taken["points"] == -10
    assert code(response) == (409, "insufficient_points")
    assert (response.json()["available"], response.json()["asked"]) == (0, 1)


@pytest.mark.parametrize("points", [1.0, "1", True, None, 2**53, -(2**53), 10**40])
@pytest.mark.parametrize("act", ["adjustments", "redemptions", "holds", "transfers"])
def test_points_are_json_integers_within_bounds(shop, member, friend, act, points):
    body = {**POSTS[act], "points": points}

    found = errors(shop.api.post(f"members/{member}/points/{act}/", body))

    assert [field for field, _code in found] == ["points"]


@pytest.mark.parametrize(
    ("act", "more", "expected"),
    [
        ("adjustments", {"points": 0}, [("points", "zero")]),
        ("adjustments", {"reason": ""}, [("reason", "blank")]),
        ("adjustments", {"reason": "x" * 201}, [("reason", "max_length")]),
        ("adjustments", {"occurred_at": "2026-03-01"}, [("occurred_at", "invalid")]),
        ("adjustments", {"expires_at": "soon"}, [("expires_at", "invalid")]),
        (
            "adjustments",
            {"points": -1, "expires_at": "2026-06-30"},
            [("expires_at", "invalid")],
        ),
        ("adjustments", {"currency": "miles"}, [("currency", "unknown_currency")]),
        ("adjustments", {"note": "x"}, [("note", "unknown_field")]),
        ("redemptions", {"points": 0}, [("points", "min_value")]),
        ("redemptions", {"reference": ""}, [("reference", "blank")]),
        ("redemptions", {"reference": 7}, [("reference", "invalid")]),
        ("redemptions", {"reference": "x" * 121}, [("reference", "max_length")]),
        ("redemptions", {"currency": "miles"}, [("currency", "unknown_currency")]),
        ("holds", {"ttl_seconds": 0}, [("ttl_seconds", "min_value")]),
        ("holds", {"ttl_seconds": 1.5}, [("ttl_seconds", "invalid")]),
        ("holds", {"ttl_days": 1}, [("ttl_seconds", "one_of")]),
        ("holds", {"reference": ""}, [("reference", "blank")]),
        ("transfers", {"to": "~external:nobody"}, [("to", "unknown_member")]),
        ("transfers", {"to": 7}, [("to", "unknown_member")]),
        ("transfers", {"to": True}, [("to", "invalid")]),
        ("debt/write_off", {"reason": ""}, [("reason", "blank")]),
        ("debt/write_off", {"points": 0}, [("points", "min_value")]),
    ],
)
def test_wrong_input_names_its_field(shop, member, friend, act, more, expected):
    body = {**POSTS[act], **more}

    assert errors(shop.api.post(f"members/{member}/points/{act}/", body)) == expected


@pytest.mark.parametrize("act", POSTS)
def test_required_fields(shop, member, act):
    found = errors(shop.api.post(f"members/{member}/points/{act}/", {"points": 1}))

    required = set(POSTS[act]) - {"points", "ttl_seconds"}
    assert found == [(name, "required") for name in POSTS[act] if name in required]


@pytest.mark.parametrize("act", POSTS)
def test_acts_need_their_scope_and_a_member(shop, member, act):
    reader = Api("members:read")

    refused = reader.post(f"members/{member}/points/{act}/", POSTS[act])
    lost = shop.api.post(f"members/~external:none/points/{act}/", POSTS[act])

    assert (code(refused), refused.json()["scopes"]) == (
        (403, "insufficient_scope"),
        ["points:write"],
    )
    assert code(lost) == (404, "not_found")


@pytest.mark.parametrize("act", ["adjustments", "redemptions", "holds", "transfers"])
def test_acts_are_replayed_by_their_key(shop, member, friend, act):
    shop.give(member, 100)
    path = f"members/{member}/points/{act}/"

    first = shop.api.post(path, POSTS[act], key="K")
    before = shop.points(member)
    again = shop.api.post(path, POSTS[act], key="K")

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert shop.points(member) == before


@pytest.mark.parametrize("act", ["adjustments", "redemptions"])
def test_what_has_not_happened_yet_is_422(shop, member, act):
    body = {**POSTS[act], "occurred_at": "2026-03-01T12:00:00.000001+01:00"}

    response = shop.api.post(f"members/{member}/points/{act}/", body)

    assert code(response) == (422, "future")


def test_points_that_are_not_for_spending(shop, member):
    shop.publish(currencies=[{"key": "points"}, {"key": "status", "spendable": False}])
    shop.give(member, 10, currency="status")

    response = shop.spend(member, 1, currency="status")

    assert code(response) == (409, "not_spendable")
    assert shop.points(member, currency="status")["balance"] == 10
    assert shop.points(member)["balance"] == 0


def test_transfer_keeps_dates_and_says_both_sides(shop, member, friend):
    shop.give(member, 100, expires_at="2026-06-30")

    response = shop.api.post(
        f"members/{member}/points/transfers/", {"to": friend, "points": 40}
    )

    assert response.status_code == 201
    assert (response.json()["kind"], response.json()["points"]) == ("transfer", -40)
    assert shop.available(member) == 60
    assert shop.points(friend)["expiring"] == [{"on": "2026-06-30", "points": 40}]
    assert shop.entries(friend)[0]["points"] == 40


def test_transfer_to_oneself_or_beyond_is_refused(shop, member, friend):
    path = f"members/{member}/points/transfers/"

    same = shop.api.post(path, {"to": member, "points": 1})
    beyond = shop.api.post(path, {"to": friend, "points": 1})

    assert code(same) == (409, "same_member")
    assert code(beyond) == (409, "insufficient_points")


def test_a_redemption_costs_as_many_statements_as_it_must(
    shop, member, django_assert_num_queries
):
    """Key and limit cost none: lock and look-up of the Idempotency-Key, member with
    programme, the kernel's one call, the entry, the answer kept."""
    shop.give(member, 100)
    shop.spend(member, 1, key="first")

    with django_assert_num_queries(5 + TRANSACTION):
        assert shop.spend(member, 1, key="second").status_code == 201


def test_a_member_is_named_by_the_id_that_answers_give(shop, member, friend):
    ids = [shop.api.get(f"members/{one}/").json()["id"] for one in (member, friend)]
    at = "2026-02-01T12:00:00+01:00"

    order = shop.order(ids[0], at, "100.00")
    shop.give(member, 50)
    given = shop.api.post(
        f"members/{member}/points/transfers/", {"to": ids[1], "points": 5}
    )

    assert order["points_awarded"] == 100
    assert given.status_code == 201
    assert shop.points(friend)["balance"] == 5
