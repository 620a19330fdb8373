"""The programme by the API: read as of a moment, published as a new version."""

from __future__ import annotations

import pytest

from members.audit.models import AuditEntry
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.api import Api


def test_put_publishes_a_version_and_keeps_what_it_leaves_out(shop):
    response = shop.api.put("programme/", {"expiry": {"months": 24}})

    told = response.json()
    assert response.status_code == 200
    assert (told["version"], told["effective_from"]) == (3, "2026-03-01T11:00:00Z")
    assert told["expiry"] == {"months": 24, "rounding": "none", "by": "lot"}
    assert told["time_zone"] == "Europe/Berlin"
    entry = AuditEntry.objects.filter(action="programme.publish").latest("pk")
    assert (entry.agent, entry.details["based_on"]) == (f"key:{shop.api.key.pk}", 2)


def test_the_first_version_is_from_the_beginning_of_time(db):
    api = Api(at="2026-03-01T12:00:00Z")

    assert api.put("programme/", {}).json()["effective_from"] is None


def test_get_answers_what_is_in_force_at_a_moment(shop):
    shop.api.put(
        "programme/",
        {"pending_days": 0, "effective_from": "2026-04-01T00:00:00+02:00"},
    )

    now = shop.api.get("programme/").json()
    later = shop.api.get("programme/", at="2026-04-01T00:00:00+02:00").json()
    first = shop.api.get("programme/", version=1).json()

    assert (now["version"], now["pending_days"]) == (2, 14)
    assert (later["version"], later["pending_days"]) == (3, 0)
    assert first["version"] == 1
    assert shop.api.get("programme/", version=99).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"earn": {"points": "1"}}, "earn.points"),
        ({"earn": {"bonuses": [{"name": "x", "multiplier": "-1"}]}}, "earn.bonuses.0"),
        (
            {
                "earn": {
                    "bonuses": [
                        {
                            "name": "x",
                            "multiplier": "2",
                            "from": "2026-03-07T00:00:00Z",
                            "to": "2026-03-01T00:00:00Z",
                        }
                    ]
                }
            },
            "earn.bonuses.0.to",
        ),
        ({"expiry": {"months": 0}}, "expiry.months"),
        ({"expiry": {"years": 1}}, "expiry.years"),
        ({"clawback": "none"}, "clawback"),
        ({"colour": "red"}, "colour"),
        ({"effective_from": "tomorrow"}, "effective_from"),
        ({"effective_from": "2020-01-01T00:00:00Z"}, "effective_from"),
        ({"based_on": "2"}, "based_on"),
        ([], ""),
    ],
)
def test_wrong_settings_name_their_field(shop, body, field):
    shop.publish()  # from now on, so an earlier beginning is refused

    response = shop.api.put("programme/", body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"].startswith(field)
    assert ProgrammeVersion.objects.count() == 3


def test_a_version_based_on_an_older_one_is_stale(shop):
    response = shop.api.put("programme/", {"based_on": 1})

    assert (response.status_code, response.json()["code"]) == (409, "stale_version")


def test_currency_is_fixed_once_orders_exist(shop):
    factories.member(first_order_at=factories.AT)

    response = shop.api.put("programme/", {"currency": "USD"})

    told = response.json()
    assert (response.status_code, told["code"]) == (409, "fixed_setting")
    assert told["field"] == "currency"


def test_a_version_that_lowers_benefits_waits_for_another_person(shop):
    response = shop.api.put("programme/", {"expiry": {"months": 6}})

    told = response.json()
    assert (response.status_code, told["status"]) == (202, "awaiting_approval")
    facts = told["approval"]["facts"]
    assert [one["setting"] for one in facts["lowers"]] == ["expiry.months"]
    assert shop.api.get("programme/").json()["version"] == 2
    number = told["approval"]["id"]
    own = shop.api.post(f"approvals/{number}/approve/", {})
    assert (own.status_code, own.json()["code"]) == (409, "own_request")

    shop.at("2026-03-02T12:00:00+01:00")
    done = shop.second.post(f"approvals/{number}/approve/", {})

    assert done.json()["result"]["version"] == 3
    now = shop.api.get("programme/").json()
    assert (now["version"], now["expiry"]["months"]) == (3, 6)
    # Not from when it was asked for: nothing is retroactive.
    assert now["effective_from"] == "2026-03-02T11:00:00Z"
    assert (now["published_by"], now["approved_by"]) == (
        f"key:{shop.api.key.pk}",
        f"key:{shop.second.key.pk}",
    )


def test_a_version_in_the_past_is_refused(shop):
    response = shop.api.put(
        "programme/", {"effective_from": "2026-02-28T00:00:00+01:00"}
    )

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "effective_from"


def test_approval_of_a_version_that_another_replaced_is_refused_and_stays(shop):
    waiting = shop.api.put("programme/", {"expiry": {"months": 6}}).json()
    shop.publish(pending_days=0)

    number = waiting["approval"]["id"]
    response = shop.second.post(f"approvals/{number}/approve/", {})

    assert (response.status_code, response.json()["code"]) == (409, "stale_version")
    assert shop.api.get(f"approvals/{number}/").json()["state"] == "pending"


def test_only_its_scope_publishes(shop):
    reader = Api("members:read")

    assert reader.get("programme/").status_code == 200
    assert reader.put("programme/", {}).json()["scopes"] == ["programme:write"]
