from __future__ import annotations

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.tiers.models import TierLock, TierMembership
from members.profiles.models import Member
from tests.loyalty.points.pages import NOW
from tests.shop import Shop

pytestmark = pytest.mark.django_db

GOLD = {
    "key": "status",
    "name": "Status",
    "grace_days": 30,
    "tiers": [
        {"key": "base", "name": "Base", "threshold": 0},
        {
            "key": "gold",
            "name": "Gold",
            "threshold": "1000.00",
            "basis": "spend",
            "benefits": ["Free alterations"],
        },
    ],
}


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


@pytest.fixture
def shop(db) -> Shop:
    made = Shop()
    made.at("2024-01-02T00:00:00Z").publish(tier_sets=[GOLD])
    return made.at("2026-03-01T12:00:00+01:00")


@pytest.fixture
def name(shop) -> str:
    return shop.member()


@pytest.fixture
def mia(shop, name) -> Member:
    shop.order(name, "2026-03-01T12:00:00+01:00", "250.00")
    return Member.objects.get()


def url(name: str, member: Member, *more) -> str:
    return reverse(f"tiers:{name}", args=[member.number, *more])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def lock(**fields) -> dict[str, str]:
    told = {"tier": "status/gold", "until": "2026-12-31", "reason": "Hotel partner"}
    return {**told, **fields}


@pytest.mark.parametrize("page", ["member", "card"])
def test_a_member_below_reads_what_is_missing(client, bruno, mia, page):
    client.force_login(bruno)

    found = text_of(client.get(url(page, mia)))

    assert "<b>Base</b>" in found
    assert "€750.00 to Gold" in found
    # Who only reads is offered no lock.
    assert url("lock", mia) not in found


def test_a_tier_shows_its_time_its_rights_and_its_history(
    client, bruno, shop, name, mia
):
    at = "2026-03-01T13:00:00+01:00"
    shop.at(at).order(name, at, "750.00")
    client.force_login(bruno)

    response = client.get(url("member", mia))

    found = text_of(response)
    assert "<b>Gold</b>" in found
    assert "Free alterations" in found
    rows = [(one.tier, one.previous, one.why) for one in response.context["history"]]
    assert rows == [("Gold", "Base", "Reached the threshold")]


def test_a_lock_lifts_at_once_and_is_taken_off_with_a_reason(client, ana, mia):
    client.force_login(ana)

    done = client.post(url("lock", mia), lock())
    assert (done.status_code, done.url) == (302, url("member", mia))
    made = TierLock.objects.get()
    assert (made.author, made.reason) == (f"user:{ana.pk}", "Hotel partner")
    assert "<b>Gold</b>" in text_of(client.get(url("member", mia)))

    release = url("release", mia, made.pk)
    assert client.post(release, {"reason": ""}).status_code == 422
    assert client.post(release, {"reason": "Partner left"}).status_code == 302
    assert client.post(release, {"reason": "again"}).status_code == 422
    found = text_of(client.get(url("member", mia)))
    assert "<b>Base</b>" in found
    assert "The lock was taken off" in found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("until", "2026-03-09"),
        ("until", "soon"),
        ("tier", "status/platin"),
        ("tier", "status/base"),
        ("reason", ""),
    ],
)
def test_a_lock_that_is_wrong_keeps_what_was_typed(client, ana, mia, field, value):
    client.force_login(ana)

    response = client.post(url("lock", mia), lock(**{field: value}))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"]["until"].value() == lock(**{field: value})["until"]
    assert not TierLock.objects.exists()
    assert not TierMembership.objects.exists()


def test_who_only_reads_locks_nothing(client, bruno, mia):
    client.force_login(bruno)

    assert client.get(url("lock", mia)).status_code == 403
    assert client.post(url("lock", mia), lock()).status_code == 403
    assert client.post(url("release", mia, 1), {"reason": "x"}).status_code == 403
    assert not TierLock.objects.exists()


def test_a_member_of_another_store_is_not_there(client, clara, mia):
    client.force_login(clara)

    assert client.get(url("member", mia)).status_code == 404
    assert client.post(url("lock", mia), lock()).status_code == 404


def test_long_histories_cost_no_more_queries(
    client, bruno, mia, django_assert_max_num_queries
):
    client.force_login(bruno)
    rows = [
        TierMembership(
            member=mia,
            tier_set="status",
            tier="gold",
            previous="base",
            since=NOW,
            valid_from=NOW,
            valid_until=NOW,
            earned_on=NOW.date(),
            reason="reached",
            version=2,
        )
        for _n in range(40)
    ]
    TierMembership.objects.bulk_create(rows)

    with django_assert_max_num_queries(14):
        assert len(client.get(url("member", mia)).context["history"]) == 40
