"""Points of one currency become another's, and last no longer for it."""

from __future__ import annotations

import pytest

from tests.shop import Shop

STARS = [
    {"key": "points", "rates": {"stars": "0.1"}},
    {"key": "stars", "spendable": False},
]


@pytest.fixture
def shop(db):
    return Shop(currencies=STARS)


def convert(shop, member, points, source="points", target="stars", **more):
    body = {"points": points, "from": source, "to": target, **more}
    return shop.api.post(f"members/{member}/points/conversions/", body)


def test_points_become_stars_rounded_down_and_keep_their_ends(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    shop.give(member, 30, expires_at="2026-04-30")
    shop.give(member, 100, expires_at="2026-12-31")

    done = convert(shop, member, 99)

    assert (done.status_code, done.json()["points"]) == (201, -99)
    assert shop.points(member)["available"] == 31
    stars = shop.points(member, currency="stars")
    # 9 stars, by 30 and 69 points: 2.73 and 6.27.
    assert stars["expiring"] == [
        {"on": "2026-04-30", "points": 3},
        {"on": "2026-12-31", "points": 6},
    ]


@pytest.mark.parametrize(
    ("points", "source", "target", "code"),
    [
        (9, "points", "stars", "too_few_to_convert"),
        (500, "points", "stars", "insufficient_points"),
        (50, "stars", "points", "not_convertible"),
        (50, "points", "points", "not_convertible"),
        (50, "gems", "points", "not_convertible"),
    ],
)
def test_refused_conversion_changes_nothing(shop, points, source, target, code):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    shop.give(member, 100)

    refused = convert(shop, member, points, source, target)

    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert shop.points(member)["available"] == 100


def test_rate_to_nowhere_is_refused_with_its_field(shop):
    wrong = [{"key": "points", "rates": {"gems": 1}}]

    refused = shop.api.put("programme/", {"currencies": wrong})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "currencies.0.rates.gems"


def test_stars_that_are_not_for_spending_are_not_spent(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    shop.give(member, 5, currency="stars")

    refused = shop.spend(member, 1, currency="stars")

    assert (refused.status_code, refused.json()["code"]) == (409, "not_spendable")
