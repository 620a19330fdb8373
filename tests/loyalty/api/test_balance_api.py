"""What a member has, by the API: the balance, the statement, the lots and why."""

from __future__ import annotations

import pytest

from loyalty.points.models import Transfer
from tests.api import errors

AT = "2026-03-01T11:00:00Z"


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
