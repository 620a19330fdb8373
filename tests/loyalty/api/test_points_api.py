"""Points by the API: every address with its answer, its refusals, its input."""

from __future__ import annotations

import pytest

from loyalty.points import returns
from loyalty.points.models import Transfer
from members.approvals.models import Approval
from members.programme import queries as programme
from tests import factories
from tests.api import Api

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


def code(response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


def errors(response):
    assert response.status_code == 400, response.content
    return [(one["field"], one["code"]) for one in response.json()["errors"]]


@pytest.fixture
def friend(db) -> str:
    factories.member("friend")
    return "~external:friend"


def owing(shop, member, points=150):
    """Give 150, spend them, take the gift back: the member owes them."""
    given = shop.give(member, points)
    assert shop.spend(member, points).status_code == 201
    returns.reverse(
        earning=Transfer.objects.get(pk=given["id"]),
        points=points,
        reference=f"back:{given['id']}",
        at=factories.AT,
        now=factories.AT,
        settings=programme.settings_at(at=factories.AT),
    )


def test_balance_of_somebody_without_points(shop, member):
    assert shop.points(member) == {
        "currency": "points",
        "balance": 0,
        "available": 0,
        "pending": 0,
        "held": 0,
        "debt": 0,
        "qualifying": 0,
        "expiring": [],
        "lots": [],
    }


def test_balance_to_the_letter(shop, member):
    entry = shop.give(member, 100)
    shop.hold(member, 30, ttl_seconds=60)
    shop.spend(member, 20)

    assert shop.points(member) == {
        "currency": "points",
        "balance": 80,
        "available": 50,
        "pending": 0,
        "held": 30,
        "debt": 0,
        "qualifying": 0,
        "expiring": [{"on": "2027-03-01", "points": 50}],
        "lots": [
            {
                "id": entry["lots"][0]["id"],
                "points": 100,
                "remaining": 80,
                "held": 30,
                "earned_at": AT,
                "available_at": AT,
                "expires_at": "2027-03-01T23:00:00Z",
                "source": {
                    "kind": "adjust",
                    "reference": entry["reference"],
                    "version": 2,
                },
            }
        ],
    }


def test_as_of_a_day_is_its_end_and_known_at_is_what_was_known(shop, member):
    shop.give(member, 100)
    shop.at("2026-03-10T12:00:00+01:00")
    shop.give(member, 40, occurred_at="2026-03-05T12:00:00+01:00")

    def balance(**query):
        return shop.points(member, **query)["balance"]

    assert balance(as_of="2026-02-28") == 0
    assert balance(as_of="2026-03-01") == 100
    assert balance(as_of="2026-03-05T12:00:00+01:00") == 140
    assert balance(as_of="2026-03-05", known_at="2026-03-09") == 100
    assert balance() == 140
    known = shop.entries(member, as_of="2026-03-05", known_at="2026-03-09")
    assert [one["points"] for one in known] == [100]


@pytest.mark.parametrize("path", ["", "entries/"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"as_of": "yesterday"}, [("as_of", "invalid")]),
        ({"as_of": "2026-03-01T12:00:00"}, [("as_of", "invalid")]),
        ({"known_at": "9999-01-01"}, [("known_at", "out_of_range")]),
        ({"currency": "miles"}, [("currency", "unknown_currency")]),
        ({"asof": "2026-03-01"}, [("asof", "unknown_field")]),
    ],
)
def test_questions_that_make_no_sense(shop, member, path, query, expected):
    response = shop.api.get(f"members/{member}/points/{path}", **query)

    assert errors(response) == expected


def test_statement_to_the_letter_newest_first(shop, member):
    shop.give(member, 100)
    shop.at("2026-03-02T12:00:00+01:00").spend(member, 30, reference="till-1")

    newest, oldest = shop.entries(member)

    entry = Transfer.objects.get(kind="redeem")
    assert newest == {
        "id": entry.pk,
        "kind": "redeem",
        "points": -30,
        "reference": "till-1",
        "occurred_at": "2026-03-02T11:00:00Z",
        "posted_at": "2026-03-02T11:00:00Z",
        "version": 2,
        "reason": "",
        "actor": f"key:{shop.api.key.pk}",
        "reverses": None,
        "parts": None,
        "running": 70,
        "source": {},
    }
    assert (oldest["points"], oldest["running"]) == (100, 100)


def test_statement_is_paged_and_pages_agree_with_the_whole(shop, member):
    for points in (5, 6, 7, 8, 9):
        shop.give(member, points)
    whole = shop.entries(member)

    found, path = [], f"members/{member}/points/entries/?limit=2"
    while path:
        page = shop.api.get(path).json()
        found += page["results"]
        path = (page["next"] or "").partition("/api/v1/")[2]

    assert found == whole
    assert [one["running"] for one in found] == [35, 26, 18, 11, 5]


def test_a_lot_explains_itself(shop, member):
    entry = shop.give(member, 100)
    shop.spend(member, 30, reference="till-1")
    lot = entry["lots"][0]["id"]

    told = shop.api.get(f"members/{member}/points/lots/{lot}/").json()

    assert (told["remaining"], told["entry"]) == (70, entry)
    assert told["programme"]["version"] == 2
    assert told["programme"]["expiry"]["months"] == 12
    assert [(one["points"], one["reference"]) for one in told["taken"]] == [
        (30, "till-1")
    ]


def test_a_lot_of_somebody_else_is_404(shop, member, friend):
    lot = shop.give(friend, 10)["lots"][0]["id"]

    assert shop.api.get(f"members/{member}/points/lots/{lot}/").status_code == 404


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
        ("transfers", {"to": 7}, [("to", "invalid")]),
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


def test_hold_to_the_letter_and_released(shop, member):
    lot = shop.give(member, 100)["lots"][0]["id"]

    placed = shop.hold(member, 30, reference="cart-1", expires_at="2026-03-01")

    told = placed.json()
    hold = told["id"]
    assert placed.status_code == 201
    assert told == {
        "id": hold,
        "currency": "points",
        "points": 30,
        "captured": 0,
        "state": "open",
        "reference": "cart-1",
        "placed_at": AT,
        "expires_at": "2026-03-01T23:00:00Z",
        "resolved_at": None,
        "lots": [{"id": lot, "points": 30}],
    }
    assert shop.api.get(f"holds/{hold}/").json() == told
    again = shop.hold(member, 30, reference="cart-1", expires_at="2026-03-01")
    other = shop.hold(member, 31, reference="cart-1", expires_at="2026-03-01")
    assert (again.status_code, again.json()) == (200, told)
    assert code(other) == (409, "reference_conflict")

    released = shop.api.post(f"holds/{hold}/release/")
    twice = shop.api.post(f"holds/{hold}/release/")

    assert (released.status_code, released.json()["state"]) == (200, "released")
    assert (code(twice), twice.json()["state"]) == ((409, "hold_resolved"), "released")
    assert shop.available(member) == 100


def test_a_hold_runs_out_by_time_alone(shop, member):
    shop.give(member, 100)
    hold = shop.hold(member, 30, ttl_seconds=60).json()["id"]

    shop.at("2026-03-01T12:01:00+01:00")

    assert shop.api.get(f"holds/{hold}/").json()["state"] == "expired"
    assert shop.available(member) == 100
    late = shop.api.post(f"holds/{hold}/capture/")
    assert code(late) == (409, "hold_resolved")


def test_captures_within_what_is_held(shop, member):
    shop.give(member, 100)
    hold = shop.hold(member, 30, ttl_seconds=60).json()["id"]

    more = shop.api.post(f"holds/{hold}/capture/", {"points": 31})
    none = shop.api.post(f"holds/{hold}/capture/", {"points": 0})
    whole = shop.api.post(f"holds/{hold}/capture/")

    assert code(more) == (409, "hold_exceeded")
    assert errors(none) == [("points", "min_value")]
    assert (whole.json()["captured"], whole.json()["state"]) == (30, "captured")
    assert shop.points(member)["balance"] == 70


@pytest.mark.parametrize("end", ["2026-02-28", "2026-03-01T12:00:00+01:00"])
def test_a_hold_does_not_end_in_the_past(shop, member, end):
    shop.give(member, 100)

    assert errors(shop.hold(member, 1, expires_at=end)) == [("expires_at", "past")]


@pytest.mark.parametrize("act", ["", "capture/", "release/"])
@pytest.mark.parametrize("pk", [0, 99, 10**30])
def test_a_hold_that_is_not_there_is_404(shop, act, pk):
    path = f"holds/{pk}/{act}"

    response = shop.api.post(path) if act else shop.api.get(path)

    assert response.status_code == 404


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


def test_debt_blocks_spending_and_is_written_off_by_two(shop, member):
    owing(shop, member)
    points = shop.points(member)
    assert (points["debt"], points["available"]) == (150, 0)
    refused = shop.spend(member, 1)
    assert (code(refused), refused.json()["debt"]) == (
        (409, "insufficient_points"),
        150,
    )

    path = f"members/{member}/points/debt/write_off/"
    beyond = shop.api.post(path, {"points": 151, "reason": "goodwill"})
    asked = shop.api.post(path, {"reason": "goodwill"})

    assert code(beyond) == (409, "not_owed")
    assert asked.status_code == 202
    assert asked.json()["approval"]["facts"]["points"] == 150
    assert shop.points(member)["debt"] == 150
    url = asked.json()["approval"]["url"]
    assert code(shop.api.post(f"{url}approve/")) == (409, "own_request")
    assert shop.second.post(f"{url}approve/").status_code == 200
    assert shop.points(member)["debt"] == 0


def test_an_approved_adjustment_happens_then_unless_it_says_when(shop, member):
    path = f"members/{member}/points/adjustments/"
    body = {"points": 1500, "reason": "x"}
    now = shop.api.post(path, body).json()["approval"]
    dated = shop.api.post(path, {**body, "occurred_at": "2026-02-01T12:00:00+01:00"})

    shop.at("2026-03-05T12:00:00+01:00")
    for approval in (now, dated.json()["approval"]):
        shop.second.post(f"{approval['url']}approve/")

    newest, oldest = shop.entries(member)
    assert newest["occurred_at"] == "2026-03-05T11:00:00Z"
    assert oldest["occurred_at"] == "2026-02-01T11:00:00Z"
    assert newest["actor"] == f"key:{shop.api.key.pk}"


def test_what_cannot_be_taken_any_more_stays_pending(shop, member):
    shop.publish(adjustment_approval_above=5)
    shop.publish(adjustment_approval_above=1000)
    shop.give(member, 100)
    shop.publish(adjustment_approval_above=5)
    asked = shop.api.post(
        f"members/{member}/points/adjustments/", {"points": -100, "reason": "x"}
    ).json()["approval"]
    shop.spend(member, 50)

    response = shop.second.post(f"{asked['url']}approve/")

    assert code(response) == (409, "insufficient_points")
    assert Approval.objects.get().state == "pending"


def test_undo_posts_the_opposite_once(shop, member):
    given = shop.give(member, 100)
    spent = shop.spend(member, 30).json()

    back = shop.api.post(
        f"members/{member}/points/entries/{spent['id']}/undo/", {"reason": "wrong till"}
    )
    assert (back.status_code, back.json()["kind"]) == (201, "restore")
    assert (back.json()["points"], back.json()["reverses"]) == (30, spent["id"])
    assert shop.available(member) == 100

    path = f"members/{member}/points/entries/{given['id']}/undo/"
    taken = shop.api.post(path, {"reason": "error"})
    again = shop.api.post(path, {"reason": "error"})

    assert (taken.status_code, taken.json()["points"]) == (201, -100)
    assert (again.status_code, again.json()) == (200, taken.json())
    assert shop.points(member)["balance"] == 0


def test_what_has_its_own_way_cannot_be_undone(shop, member, friend):
    shop.give(member, 100)
    body = {"to": friend, "points": 40}
    sent = shop.api.post(f"members/{member}/points/transfers/", body).json()
    path = f"members/{member}/points/entries/{sent['id']}/undo/"

    assert code(shop.api.post(path, {"reason": "x"})) == (409, "cannot_undo")
    assert errors(shop.api.post(path, {})) == [("reason", "required")]
    lost = shop.api.post(
        f"members/{member}/points/entries/{10**30}/undo/", {"reason": "x"}
    )
    assert lost.status_code == 404


def test_an_entry_of_somebody_else_is_404(shop, member, friend):
    entry = shop.give(friend, 10)["id"]

    response = shop.api.post(
        f"members/{member}/points/entries/{entry}/undo/", {"reason": "x"}
    )

    assert response.status_code == 404


def test_a_redemption_costs_as_many_statements_as_it_must(
    shop, member, django_assert_num_queries
):
    """Key and limit cost none: lock and look-up of the Idempotency-Key, member,
    programme, the kernel's one call in its savepoint, the entry, the answer kept."""
    shop.give(member, 100)
    shop.spend(member, 1, key="first")

    with django_assert_num_queries(8 + TRANSACTION):
        assert shop.spend(member, 1, key="second").status_code == 201
