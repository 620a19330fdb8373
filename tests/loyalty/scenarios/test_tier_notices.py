"""What a night changed is told once a member, all sets in one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from loyalty.tiers.models import TierNotice
from members.profiles.models import Member
from tests.loyalty.scenarios.test_tiers import BALANCE
from tests.loyalty.tiers.shop import GOLD, buy, gold_until_february, night, tiers

pytestmark = pytest.mark.django_db
END = "2027-03-13T00:00:00+01:00"


def told() -> list[list[tuple[str, str, str]]]:
    return [
        [(move["set"], move["from"], move["to"]) for move in one.moves]
        for one in TierNotice.objects.order_by("run", "pk")
    ]


def test_two_sets_that_move_in_one_night_are_one_notice(shop):
    other = {**GOLD, "key": "other"}
    tiers(shop, GOLD, other)
    member = shop.at("2026-02-10T12:00:00+01:00").member()
    buy(shop, member, "2026-02-10T12:00:00+01:00", "1000.00")

    night(shop, END)
    night(shop, END)

    assert told() == [[("status", "gold", "silver"), ("other", "gold", "silver")]]


def test_a_purchase_lifts_without_a_notice_and_a_renewal_is_none(shop):
    member = gold_until_february(shop)
    buy(shop, member, "2026-09-01T12:00:00+02:00", "1000.00")

    night(shop, "2027-02-11T00:00:00+01:00")

    assert told() == []


def test_l35_what_arrives_and_what_ends_at_one_midnight_is_no_news(shop):
    tiers(shop, BALANCE)
    member = shop.at("2026-03-01T12:00:00+01:00").member()
    shop.give(member, 300, expires_at="2026-03-15")
    shop.give(member, 100)
    buy(shop, member, "2026-03-02T12:00:00+01:00", "200.00")

    night(shop, "2026-03-16T00:00:00+01:00")

    assert (shop.points(member)["balance"], told()) == (300, [])


def test_member_page_shows_the_news_of_a_night(shop, client, ana):
    gold_until_february(shop)
    night(shop, END)
    client.force_login(ana)

    number = Member.objects.get().number
    page = client.get(reverse("tiers:member", args=[number]))

    (news,) = page.context["notices"]
    (only,) = news["moves"]
    assert (only["from"], only["to"]) == ("Gold", "Silver")
