"""Batches of long work done side by side, each hand with a connection of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")

# While one waits for the disk or for Python, the other lets the database work.
HANDS = 2


def each(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Do the work on every item; yields the results as they come, in no order.

    Each item is work in a transaction of its own, and none may wait for another. What
    one raises ends the whole, and so does leaving the loop: what has begun is finished,
    whatever comes of it, and the rest is not begun. Inside a transaction, which no other
    connection could see, the caller does all of it, one after another.
    """
    if connection.in_atomic_block:
        yield from map(work, items)
        return
    waiting = deque(items)
    expected = len(waiting)
    finished: SimpleQueue[Future[R]] = SimpleQueue()
    with ThreadPoolExecutor(HANDS) as pool:
        try:
            for _ in range(HANDS):
                pool.submit(_hand, work, waiting, finished)
            for _ in range(expected):
                yield finished.get().result()
        finally:
            waiting.clear()


def _hand(
    work: Callable[[T], R], waiting: deque[T], finished: SimpleQueue[Future[R]]
) -> None:
    try:
        while True:
            try:
                item = waiting.popleft()
            except IndexError:  # the other hand has begun the last one
                return
            outcome: Future[R] = Future()
            try:
                outcome.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  for the caller to raise
                outcome.set_exception(error)
            finished.put(outcome)
    finally:
        connection.close()
