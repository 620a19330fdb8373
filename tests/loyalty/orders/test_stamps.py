"""Every so many orders give points, each time exactly once, whatever comes back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.orders import batches, earning, refunds, services
from loyalty.orders.models import Order
from loyalty.orders.rules import Line
from loyalty.points import returns
from loyalty.points import services as points
from loyalty.points.models import Account, Transfer
from members.imports.models import ImportBatch
from members.programme import queries as programme
from members.programme.services import publish
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
THIRD = {"name": "third", "every": 3, "points": 50}


def rule(*stamps, effective_from=None, **more):
    latest = programme.latest()
    publish(
        values={"earn": {"points": 0, "stamps": list(stamps)}, **more},
        based_on=latest.number,
        effective_from=effective_from,
        by_id=None,
        at=AT,
        orders_exist=False,
    )


def buy(member, number, *, days=None, category="", minor=1000):
    told = services.Told(
        source="till",
        external_id=f"{member.pk}-{number}",
        member_id=member.pk,
        placed_at=AT - 40 * DAY + (number if days is None else days) * DAY,
        lines=(Line(amount_minor=minor, category=category),),
    )
    return services.record(told=told, by=None, actor="till", at=AT).order


def give_back(order, *, amount=None):
    told = refunds.Told(
        external_id=f"r-{order.pk}-{amount}",
        refunded_at=AT - DAY,
        amount_minor=amount,
    )
    refunds.refund(order_id=order.pk, told=told, by=None, actor="till", at=AT)


def held(member):
    account = Account.objects.filter(member=member).first()
    return account.unspent - account.debt if account else 0


def test_every_third_order_gives_the_reward_once():
    rule(THIRD)
    member = factories.member()

    seen = []
    for number in range(1, 8):
        buy(member, number)
        seen.append(held(member))

    assert seen == [0, 0, 50, 50, 50, 100, 100]


def test_same_order_again_stamps_once():
    rule(THIRD)
    member = factories.member()
    for number in (1, 2, 2, 2):
        buy(member, number)

    assert held(member) == 0


def test_return_takes_the_reward_back_once_and_the_next_order_gives_it_again():
    rule(THIRD)
    member = factories.member()
    orders = [buy(member, number) for number in (1, 2, 3)]

    give_back(orders[0], amount=400)
    assert held(member) == 50
    give_back(orders[0])
    assert held(member) == 0
    give_back(orders[1])
    assert held(member) == 0
    buy(member, 4)
    assert held(member) == 0
    buy(member, 5)

    assert held(member) == 50
    assert list(
        Transfer.objects.order_by("pk").values_list("kind", "points", "reference")
    ) == [
        ("event", 50, f"stamps:third.0:{member.pk}:1:0"),
        ("reverse", 50, f"stamps-back:{Transfer.objects.order_by('pk')[0].pk}"),
        ("event", 50, f"stamps:third.0:{member.pk}:1:1"),
    ]


def test_cancelled_order_is_no_stamp():
    rule(THIRD)
    member = factories.member()
    orders = [buy(member, number) for number in (1, 2, 3)]

    refunds.cancel(
        order_id=orders[2].pk, cancelled_at=AT - DAY, by=None, actor="till", at=AT
    )

    assert held(member) == 0


def test_only_goods_of_the_categories_count():
    rule({**THIRD, "categories": ["coffee", "tea"]})
    member = factories.member()
    for number, category in enumerate(["coffee", "books", "tea", "coffee", "coffee"]):
        buy(member, number, category=category)

    assert held(member) == 50


def test_reward_that_a_policy_leaves_with_the_member_is_not_given_twice():
    rule(THIRD, clawback="pending_only")
    member = factories.member()
    orders = [buy(member, number) for number in (1, 2, 3)]

    give_back(orders[0])
    buy(member, 4)

    assert held(member) == 50


def test_reward_that_was_spent_is_owed_until_it_is_given_again():
    rule(THIRD)
    member = factories.member()
    orders = [buy(member, number) for number in (1, 2, 3)]
    points.redeem(
        member_id=member.pk,
        points=50,
        reference="tea",
        actor="",
        at=AT,
        now=AT,
        settings=programme.latest(),
    )

    give_back(orders[0])
    assert held(member) == -50
    buy(member, 4)

    assert held(member) == 0


def test_reward_that_staff_undid_counts_as_given():
    rule(THIRD)
    member = factories.member()
    orders = [buy(member, number) for number in (1, 2, 3)]
    earned = Transfer.objects.get()
    returns.undo(entry=earned, reason="", actor="", now=AT, settings=programme.latest())

    give_back(orders[0])
    buy(member, 4)

    assert held(member) == 0


def test_changed_rule_begins_a_new_card():
    rule(THIRD)
    rule({**THIRD, "every": 2, "points": 70}, effective_from=AT - 20 * DAY)
    member = factories.member()
    for days in (1, 2, 21, 22):
        buy(member, days)

    assert held(member) == 70


def test_version_that_leaves_the_rule_alone_keeps_the_card():
    rule(THIRD)
    rule(THIRD, effective_from=AT - 20 * DAY, name="Another name")
    member = factories.member()
    for days in (1, 2, 21):
        buy(member, days)

    assert held(member) == 50


def test_file_gives_and_takes_back_as_the_till_does(tmp_path):
    rule(THIRD)
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,member,ordered_at,amount,kind,refund_of\n"
        + "".join(f"{n},ana,2026-01-{n:02d} 10:00,10,,\n" for n in range(1, 8))
        + "".join(f"b{n},bo,2026-01-{n:02d} 10:00,10,,\n" for n in range(1, 4))
        + "r1,ana,2026-02-01 10:00,10,refund,2\nr2,bo,2026-02-01 10:00,10,refund,b1\n"
    )
    call_command("import_orders", str(path), "--source", "shop", stdout=None)

    # Ana has 6 of 7 orders left: two cards. Bo has 2 of 3: none.
    found = {
        account.member.identifiers.get().value: account.unspent
        for account in Account.objects.filter(member__isnull=False)
    }
    assert found == {"ana": 100, "bo": 0}

    path.write_text(
        "order_id,member,ordered_at,amount,kind,refund_of\n7,bo,2026-01-07 10:00,10,,\n"
    )
    call_command(
        "import_orders", str(path), "--source", "shop", "--update", stdout=None
    )
    # Ana's seventh is Bo's now: 5 left, one card; Bo has 3, one card.
    found = {
        account.member.identifiers.get().value: account.unspent
        for account in Account.objects.filter(member__isnull=False)
    }
    assert found == {"ana": 50, "bo": 50}


def test_undone_load_takes_its_stamps_along(tmp_path, ana):
    rule(THIRD)
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,member,ordered_at,amount\n"
        + "".join(f"{n},ana,2026-01-{n:02d} 10:00,10\n" for n in range(1, 4))
    )
    call_command("import_orders", str(path), "--source", "shop", stdout=None)
    assert Account.objects.get(member__isnull=False).unspent == 50

    batches.undo_batch(batch=ImportBatch.objects.get(), at=AT)

    assert Account.objects.get(member__isnull=False).unspent == 0


@pytest.mark.django_db(transaction=True)
def test_two_tills_that_fill_one_card_give_it_once():
    rule({**THIRD, "every": 4})
    member = factories.member()
    for number in (1, 2):
        buy(member, number)
    barrier = threading.Barrier(2)

    def till(number):
        barrier.wait()
        try:
            buy(member, number)
        finally:
            connection.close()

    tills = [threading.Thread(target=till, args=(number,)) for number in (3, 4)]
    for one in tills:
        one.start()
    for one in tills:
        one.join()

    assert (Order.objects.count(), held(member)) == (4, 50)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(0, 1), st.sampled_from(["tea", "x"])),
        st.tuples(st.just("back"), st.integers(0, 30), st.booleans()),
        st.tuples(st.just("replay"), st.integers(0, 30), st.booleans()),
    ),
    max_size=30,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, every=st.integers(2, 4))
def test_random_histories_hold_what_a_naive_count_says(db, steps, every):
    from django.db import transaction  # noqa: PLC0415  of this test alone

    with transaction.atomic():
        rule({**THIRD, "every": every, "categories": ["tea"]})
        members = [factories.member(), factories.member()]
        bought: list[tuple[int, str, Order]] = []
        returned: set[int] = set()
        for number, (verb, place, what) in enumerate(steps):
            if verb == "buy":
                order = buy(members[place], number, category=what)
                bought.append((place, what, order))
            elif verb == "back" and bought:
                _, _, order = bought[place % len(bought)]
                if order.pk in returned:
                    continue
                # What comes back in part keeps its stamp.
                if what:
                    returned.add(order.pk)
                    give_back(order)
                elif not Order.objects.filter(refund_of=order).exists():
                    give_back(order, amount=1)
            elif verb == "replay":
                earning.earn_many(
                    order_ids=[order.pk for _, _, order in bought], actor="", now=AT
                )
            for who, member in enumerate(members):
                left = sum(
                    one == who and kind == "tea" and order.pk not in returned
                    for one, kind, order in bought
                )
                assert held(member) == left // every * 50
        transaction.set_rollback(True)


def test_date_of_the_reward_is_that_of_the_order_that_filled_the_card():
    rule(THIRD)
    member = factories.member()
    for days in (5, 9, 7):
        buy(member, days)

    earned = Transfer.objects.get()

    assert earned.occurred_at == AT - 40 * DAY + 9 * DAY
    # 20 January and nine days, a year on, to the end of that day.
    assert earned.lots.get().expires_at == datetime(2027, 1, 30, tzinfo=UTC)
