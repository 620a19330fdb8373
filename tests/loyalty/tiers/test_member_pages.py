"""The tiers of a member on pages: card, history, locks, and who may."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.orders import services as orders
from loyalty.orders.rules import Line
from loyalty.tiers.models import TierLock, TierMembership
from members.access.models import User
from members.profiles.models import Member
from members.programme.models import ProgrammeVersion
from tests import factories

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
STATUS = {
    "key": "status",
    "name": "Status",
    "tiers": [
        {"key": "base", "name": "Base", "threshold": 0},
        {"key": "silver", "name": "Silver", "threshold": 50},
        {
            "key": "gold",
            "name": "Gold",
            "threshold": 100,
            "multiplier": "1.5",
            "benefits": ["Free delivery"],
        },
    ],
}


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


def publish(*sets) -> None:
    first = ProgrammeVersion.objects.get(number=1)
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "tier_sets": list(sets)},
        created_at=NOW,
    )


@pytest.fixture
def member(db) -> Member:
    publish(STATUS)
    made = factories.member("m-1")
    made.refresh_from_db()
    return made


def buy(member: Member, minor: int, *, number: str = "o-1") -> None:
    told = orders.Told(
        source="till",
        external_id=number,
        member_id=member.pk,
        placed_at=NOW,
        lines=[Line(amount_minor=minor)],
    )
    orders.record(told=told, by=None, actor="till", at=NOW)


def page(client, user: User, name: str, *args):
    client.force_login(user)
    return client.get(reverse(f"tiers:{name}", args=args))


def send(client, user: User, name: str, *args, **body):
    client.force_login(user)
    return client.post(reverse(f"tiers:{name}", args=args), body)


def test_page_says_what_is_held_why_and_what_is_missing(client, ana, member):
    buy(member, 60_00)

    response = page(client, ana, "member", member.number)

    (one,) = response.context["standings"]
    assert (one["tier"].name, one["until"], one["missing"]) == (
        "Silver",
        date(2027, 3, 10),
        "40 points more within 12 months for Gold.",
    )
    (line,) = response.context["history"]
    assert (line["previous"], line["tier"], line["why"]) == (
        "Base",
        "Silver",
        "Reached the threshold",
    )


def test_card_shows_rights_at_once(client, ana, member):
    before = page(client, ana, "card", member.number).content.decode()
    buy(member, 100_00)

    after = page(client, ana, "card", member.number).content.decode()

    assert ("Free delivery" in before, "Free delivery" in after) == (False, True)


@pytest.mark.parametrize("changes", [1, 3])
def test_page_asks_the_same_number_of_queries(
    client, ana, member, changes, django_assert_num_queries
):
    for number in range(changes):
        lock(client, ana, member, until=f"2026-04-{number + 1:02}")
    TierMembership.objects.filter(member=member).update(actor=f"user:{ana.pk}")
    client.force_login(ana)
    url = reverse("tiers:member", args=[member.number])
    client.get(url)

    with django_assert_num_queries(QUERIES):
        client.get(url)


QUERIES = 18


def lock(client, user, member, *, tier="status:gold", until="2026-12-31", reason="VIP"):
    return send(
        client, user, "lock", member.number, tier=tier, until=until, reason=reason
    )


def test_lock_lifts_and_says_who_and_why(client, ana, member):
    response = lock(client, ana, member)

    assert response.status_code == 302
    made = TierLock.objects.get()
    assert (made.tier, made.until, made.reason, made.author) == (
        "gold",
        date(2026, 12, 31),
        "VIP",
        f"user:{ana.pk}",
    )
    assert TierMembership.objects.get(valid_until=None).tier == "gold"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("until", "2026-03-09"),
        ("until", "tomorrow"),
        ("until", "9999-12-31"),
        ("reason", ""),
        ("tier", "x:y"),
    ],
)
def test_lock_that_is_wrong_keeps_what_was_typed(client, ana, member, field, value):
    response = lock(client, ana, member, **{field: value})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.context["form"]["until"].value() == (
        value if field == "until" else "2026-12-31"
    )
    assert not TierLock.objects.exists()


def test_unlock_needs_a_reason_and_ends_what_the_lock_kept(client, ana, member):
    lock(client, ana, member)
    made = TierLock.objects.get()

    bare = send(client, ana, "unlock", member.number, made.pk, reason="")
    done = send(client, ana, "unlock", member.number, made.pk, reason="left")

    assert (bare.status_code, done.status_code) == (422, 302)
    made.refresh_from_db()
    assert (made.released_by, made.release_reason) == (f"user:{ana.pk}", "left")
    held = TierMembership.objects.get(valid_until=None)
    assert (held.tier, held.reason) == ("base", "unlocked")


def test_bruno_reads_and_locks_nothing(client, bruno, member):
    assert page(client, bruno, "member", member.number).status_code == 200
    assert lock(client, bruno, member).status_code == 403
    assert not TierLock.objects.exists()


def test_clara_does_not_see_members_of_other_stores(client, clara, member):
    assert page(client, clara, "member", member.number).status_code == 404
    assert lock(client, clara, member).status_code == 404


def test_operators_may_lock_members_of_their_stores(client, clara, member):
    Member.objects.filter(pk=member.pk).update(store=factories.store("S-CLARA"))

    assert lock(client, clara, member).status_code == 302


def test_programme_without_tiers_has_an_empty_card(client, ana, db):
    made = factories.member("m-2")
    made.refresh_from_db()

    response = page(client, ana, "card", made.number)

    assert "The programme has no tiers." in response.content.decode()
