"""Scenarios L12 and L13: real threads, real connections, one PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import count
from queue import Empty, Queue

import pytest
from django.db import connections

from loyalty.points.models import Account, Transfer
from members.api import authentication
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NOW = "2026-03-01T12:00:00+01:00"


@pytest.fixture
def shop(transactional_db) -> Shop:
    authentication.forget()
    return Shop().at(NOW)


def together(threads: int, acts):
    """Run acts in parallel, each thread with a connection of its own."""
    waiting: Queue = Queue()
    answers, errors = [], []
    for one in acts:
        waiting.put(one)
    start = threading.Barrier(threads)

    def work():
        try:
            start.wait(30)
            while True:
                answers.append(waiting.get_nowait()())
        except Empty:
            pass
        except Exception as error:  # noqa: BLE001  shown by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    pool = [threading.Thread(target=work) for _ in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(300)
    assert errors == []
    return answers


def outcomes(answers) -> Counter:
    return Counter((one.status_code, one.json().get("code")) for one in answers)


def test_l12_two_spends_of_the_same_hundred(shop):
    member = shop.member()
    shop.give(member, 100)

    answers = together(2, [lambda: shop.spend(member, 100)] * 2)

    assert outcomes(answers) == {(201, None): 1, (409, "insufficient_points"): 1}
    assert shop.points(member)["balance"] == 0


def test_l12_two_hundred_spends_of_one_point_on_a_hundred(shop):
    member = shop.member()
    shop.give(member, 100)

    answers = together(16, [lambda: shop.spend(member, 1)] * 200)

    assert outcomes(answers) == {(201, None): 100, (409, "insufficient_points"): 100}
    assert shop.points(member)["balance"] == 0
    assert Transfer.objects.filter(kind="redeem").count() == 100


def test_l13_a_thousand_transfers_each_way(shop):
    a, b = shop.member(), shop.member()
    for member in (a, b):
        shop.give(member, 1000)

    def send(source, target):
        body = {"to": target, "points": 1}
        return lambda: shop.api.post(f"members/{source}/points/transfers/", body)

    acts = [send(a, b) if n % 2 else send(b, a) for n in range(2000)]
    answers = together(8, acts)

    # Neither can run dry: each has as many points as it sends.
    assert outcomes(answers) == {(201, None): 2000}
    balances = [shop.points(one)["balance"] for one in (a, b)]
    assert balances == [1000, 1000]
    cached = Account.objects.filter(member__isnull=False).values_list("unspent")
    assert sum(one for (one,) in cached) == 2000


def test_l14_the_same_key_sent_at_once_spends_once(shop):
    member = shop.member()
    shop.give(member, 100)
    body = {"points": 10, "reference": "till-9"}
    path = f"members/{member}/points/redemptions/"

    answers = together(8, [lambda: shop.api.post(path, body, key="K")] * 40)

    found = outcomes(answers)
    assert found[201, None] + found[409, "in_progress"] == 40
    assert found[201, None] >= 1
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert shop.points(member)["balance"] == 90


def test_the_same_member_made_at_once_is_one_member(shop):
    numbers = count()
    body = {"external_id": "same", "email": "ana@example.org"}

    def make():
        return shop.api.post("members/", body, key=f"k-{next(numbers)}")

    answers = together(8, [make] * 16)

    assert Counter(one.status_code for one in answers) == {201: 1, 200: 15}
    assert len({one.json()["id"] for one in answers}) == 1
