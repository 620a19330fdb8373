from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from config.lib import hands


def backend(_item: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), pg_sleep(0.01)")
        return int(cursor.fetchone()[0])


def alive(backends: set[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s)",
            [list(backends)],
        )
        return int(cursor.fetchone()[0])


def test_two_connections_share_the_work_and_are_closed_after_it(transactional_db):
    meeting = threading.Barrier(hands.HANDS, timeout=30)

    def met(item: int) -> int:
        if item < hands.HANDS:  # each hand waits for the other to begin
            meeting.wait()
        return backend(item)

    used = list(hands.each(met, range(20)))

    assert len(used) == 20
    assert len(set(used)) == hands.HANDS
    assert backend(0) not in used
    deadline = time.monotonic() + 30
    while alive(set(used)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert alive(set(used)) == 0


def test_nothing_to_do_has_no_results(transactional_db):
    assert list(hands.each(backend, [])) == []


def test_what_ends_a_program_ends_the_whole_too(transactional_db):
    def work(item: int) -> int:
        raise SystemExit(item)

    with pytest.raises(SystemExit):
        list(hands.each(work, [1]))


def test_what_one_raises_ends_the_whole(transactional_db):
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        if item == 3:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        list(hands.each(work, range(100)))

    assert 3 in begun
    assert len(begun) < 100


def test_who_leaves_the_loop_lets_the_rest_be(transactional_db):
    begun, ended = [], []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        ended.append(item)
        return item

    results = hands.each(work, range(100))
    next(results)
    results.close()

    assert len(begun) < 100
    assert sorted(ended) == sorted(begun)


def test_inside_a_transaction_the_caller_does_it_all(transactional_db):
    with transaction.atomic():
        assert set(hands.each(backend, range(3))) == {backend(0)}
