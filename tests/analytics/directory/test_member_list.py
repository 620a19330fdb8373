from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from analytics.directory import queries, rules
from analytics.directory.queries import Reach
from analytics.directory.rules import SORTS, Listing, Place
from analytics.metrics.enums import Stage
from analytics.values.models import MemberValue, ValueRun
from loyalty.tiers.models import TierMembership
from loyalty.tiers.queries import in_tier
from members.profiles.models import Identifier, Member
from members.programme.models import ProgrammeVersion
from members.programme.queries import parsed
from members.programme.tiers import TierSet
from tests import factories

pytestmark = pytest.mark.django_db

EVERYWHERE = Reach(store_ids=None)
DAY = date(2026, 3, 1)


@pytest.fixture
def run() -> ValueRun:
    return ValueRun.objects.create(
        as_of=DAY,
        state="done",
        rows=1,
        settings_number=1,
        started_at=factories.AT,
        finished_at=factories.AT,
    )


def valued(run: ValueRun, name: str, **fields) -> Member:
    member = factories.member(name=name)
    scores = "".join(str(fields.get(letter, 3)) for letter in "rfm")
    defaults = {
        "external_id": name,
        "orders": 1,
        "refunds": 0,
        "gross_minor": 0,
        "refunded_minor": 0,
        "spend_minor": 0,
        "orders_12m": 0,
        "spend_12m_minor": 0,
        "categories": 0,
        "r": 3,
        "f": 3,
        "m": 3,
        "cell": scores,
        "stage": Stage.FIRST,
        "last_on": DAY,
    }
    MemberValue.objects.create(member=member, run=run, **{**defaults, **fields})
    return member


def listed(reach: Reach = EVERYWHERE, **asked) -> list[Member]:
    return queries.page(listing=Listing(**asked), reach=reach).members


def walked(**asked) -> list[Member]:
    """Return every page of a list, one after the other."""
    found, after = [], None
    while True:
        listing = Listing(**asked, after=after)
        page = queries.page(listing=listing, reach=EVERYWHERE)
        found += page.members
        if page.after is None:
            return found
        after = page.after


@pytest.mark.parametrize(
    "q",
    [
        pytest.param("Zhang Wei", id="name"),
        pytest.param("zhang", id="start of the pinyin"),
        pytest.param("ang W", id="three letters anywhere"),
        pytest.param("card-77", id="identifier"),
        pytest.param("Wei@Example.com", id="e-mail in capitals"),
        pytest.param("138 0013 8000", id="phone with spaces"),
    ],
)
def test_a_member_is_found_by(q):
    zhang = factories.member("card-77", name="Zhang Wei", name_key="zhang wei")
    factories.member("card-99", name="Li Na", name_key="li na")
    for kind, value in (("email", "wei@example.com"), ("phone", "+8613800138000")):
        Identifier.objects.create(
            member=zhang, type=kind, value=value, source="test", created_at=factories.AT
        )

    assert listed(q=q) == [zhang]


def test_a_member_is_found_by_number():
    member = factories.member()
    member.refresh_from_db()
    factories.member()

    assert listed(q=member.number.lower()) == [member]


def test_two_chinese_characters_find_the_name_that_starts_with_them():
    member = factories.member(name="陈思雨", name_key="chen si yu")
    factories.member(name="王思雨", name_key="wang si yu")

    assert listed(q="陈思") == [member]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("key", list(SORTS))
def test_pages_walk_the_whole_list_in_order_without_gaps(
    run, monkeypatch, key, direction
):
    monkeypatch.setattr(rules, "PAGE", 2)
    days = [DAY, None, date(2026, 1, 1), DAY, None, date(2026, 1, 1), DAY]
    people = []
    for n, day in enumerate(days):
        person = valued(run, f"n{n % 3}", spend_minor=n % 3, orders=n % 2, last_on=day)
        Member.objects.filter(pk=person.pk).update(joined_on=day)
        people.append(person)

    found = walked(sort=SORTS[key], direction=direction)

    sort = SORTS[key]
    values = [
        getattr(
            MemberValue.objects.get(member=m)
            if sort.of_value
            else Member.objects.get(pk=m.pk),
            sort.column,
        )
        for m in found
    ]
    known = [value for value in values if value is not None]
    assert sorted(m.pk for m in found) == sorted(p.pk for p in people)
    assert known == sorted(known, reverse=direction == "desc")
    assert values[len(known) :] == [None] * (len(values) - len(known))


def test_scores_narrow_the_list_to_the_cell(run):
    best = valued(run, "best", r=5, f=5, m=4)
    valued(run, "other", r=5, f=4, m=4)

    assert listed(r=5, f=5) == [best]


def test_count_of_a_cell_equals_its_list(run):
    for n in range(3):
        valued(run, f"n{n}", stage=Stage.LOYAL)
    valued(run, "lost", stage=Stage.CHURNED)
    listing = Listing(stage=Stage.LOYAL)

    count = queries.count(listing=listing, reach=EVERYWHERE)

    assert (count.value, count.is_estimate) == (3, False)


def test_a_long_list_is_counted_by_estimate_and_says_so(run, monkeypatch):
    monkeypatch.setattr(rules, "EXACT_UP_TO", 2)
    for n in range(4):
        factories.member(name=f"n{n}")

    count = queries.count(listing=Listing(), reach=EVERYWHERE)

    assert count.is_estimate
    assert count.value >= 3


def test_staff_of_a_store_see_its_members_only(client, clara):
    store = clara.stores.get()
    hers = factories.member(name="Hers", store=store)
    other = factories.member(name="Other", store=factories.store("S-OTHER"))
    client.force_login(clara)

    page = client.get(reverse("insights:members")).content.decode()
    other.refresh_from_db()
    hidden = client.get(reverse("insights:member", args=[other.number]))

    assert hers.name in page
    assert other.name not in page
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    "query", ["stage=gone", "r=7", "sort=colour", "after=nonsense", "metric=rfm"]
)
def test_a_wrong_address_says_what_is_wrong(client, bruno, query):
    client.force_login(bruno)

    response = client.get(reverse("insights:members") + f"?{query}")

    assert response.status_code == 400
    assert "was not" in response.content.decode()


def test_a_place_survives_the_url():
    place = Place("陈", 7)

    assert rules.decode(rules.encode(place), sort=SORTS["name"]) == place


@pytest.mark.parametrize("members", [1, 3])
def test_member_list_has_a_fixed_number_of_queries(
    client, bruno, run, members, django_assert_num_queries
):
    for n in range(members):
        valued(run, f"n{n}")
    client.force_login(bruno)
    client.get(reverse("insights:members"))

    with django_assert_num_queries(11):
        client.get(reverse("insights:members"))


@pytest.mark.parametrize("orders", [1, 3])
def test_member_page_has_a_fixed_number_of_queries(
    client, bruno, run, orders, django_assert_num_queries
):
    member = valued(run, "Ana")
    member.refresh_from_db()
    for n in range(orders):
        factories.order(member, on=date(2026, 1, n + 1))
    client.force_login(bruno)
    url = reverse("insights:member", args=[member.number])
    client.get(url)

    with django_assert_num_queries(15):
        client.get(url)


def test_contact_is_masked_for_those_who_do_not_serve_members(client, ana, bruno):
    member = factories.member()
    member.refresh_from_db()
    Identifier.objects.create(
        member=member,
        type="email",
        value="secret@example.com",
        source="test",
        created_at=factories.AT,
    )
    url = reverse("insights:member", args=[member.number])

    client.force_login(bruno)
    masked = client.get(url).content.decode()
    client.force_login(ana)
    full = client.get(url).content.decode()

    assert "secret@" not in masked
    assert "s•••@example.com" in masked
    assert "secret@example.com" in full


def test_timeline_of_a_store_clerk_holds_orders_of_the_store_only(client, clara):
    store = clara.stores.get()
    member = factories.member(store=store)
    member.refresh_from_db()
    factories.order(member, external_id="mine-1", store=store)
    factories.order(member, external_id="theirs-1", store=factories.store("S-OTHER"))
    client.force_login(clara)

    page = client.get(reverse("insights:member", args=[member.number]))

    assert "mine-1" in page.content.decode()
    assert "theirs-1" not in page.content.decode()


def test_timeline_pages_through_all_orders(client, bruno):
    member = factories.member()
    member.refresh_from_db()
    for n in range(23):
        placed = datetime(2026, 1, 1 + n // 2, 12, tzinfo=UTC)
        factories.order(member, external_id=f"order-{n:02d}", placed_at=placed)
    client.force_login(bruno)
    url = reverse("insights:member", args=[member.number])

    first = client.get(url)
    older = first.context["timeline"].older
    second = client.get(url, {"before": older})

    seen = [*first.context["timeline"].orders, *second.context["timeline"].orders]
    assert [order.external_id for order in seen] == [
        f"order-{n:02d}" for n in range(22, -1, -1)
    ]


@pytest.fixture
def status() -> TierSet:
    latest = ProgrammeVersion.objects.get()
    keys = [{"key": "base"}, {"key": "gold", "name": "Gold", "threshold": 100}]
    latest.settings |= {"tier_sets": [{"key": "status", "tiers": keys}]}
    made = ProgrammeVersion.objects.create(
        number=2, settings=latest.settings, created_at=factories.AT
    )
    return parsed(made).tier_sets[0]


def hold(member: Member, tier: str, *, until: datetime | None = None) -> None:
    TierMembership.objects.create(
        member=member,
        tier_set="status",
        tier=tier,
        previous="base",
        since=factories.AT,
        valid_from=factories.AT,
        valid_until=until,
        earned_on=DAY,
        reason="reached",
        version=2,
    )


@pytest.mark.parametrize("sort", ["name", "spend"])
def test_tier_filter_finds_who_holds_it_now(run, status, sort):
    ana, bo, cy = (valued(run, name) for name in ("ana", "bo", "cy"))
    hold(ana, "gold")
    hold(bo, "gold", until=factories.AT + timedelta(days=1))
    hold(bo, "base")

    held = [
        listed(
            tier=in_tier(tier_set=status, tier=tier),
            sort=SORTS[sort],
            direction=SORTS[sort].first,
        )
        for tier in status.tiers
    ]

    # Cy never held anything, which is the lowest tier.
    assert held == [[bo, cy], [ana]]


def test_tier_filter_of_the_page_keeps_its_choice(client, bruno, run, status):
    hold(valued(run, "ana"), "gold")
    valued(run, "bo")
    client.force_login(bruno)

    page = client.get(reverse("insights:members"), {"tier": "status:gold"})

    assert [one.name for one in page.context["list"].page.members] == ["ana"]
    ((name, choices),) = page.context["list"].tier_sets
    assert (name, [(one.text, one.current) for one in choices]) == (
        "status",
        [("base", False), ("Gold", True)],
    )


@pytest.mark.parametrize("tier", ["status:silver", "other:gold", "gold"])
def test_tier_that_is_not_there_is_refused(client, bruno, run, status, tier):
    client.force_login(bruno)

    page = client.get(reverse("insights:members"), {"tier": tier})

    assert page.status_code == 400
