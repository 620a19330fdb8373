"""Holds by the API: points set aside, then spent or let go."""

from __future__ import annotations

import pytest

from tests.api import code, errors

AT = "2026-03-01T11:00:00Z"


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


def test_a_hold_of_no_told_length_lasts_half_an_hour(shop, member):
    shop.give(member, 100)

    held = shop.at("2026-03-01T12:00:00+01:00").hold(member, 30)

    assert held.status_code == 201
    assert held.json()["expires_at"] == "2026-03-01T11:30:00Z"


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
