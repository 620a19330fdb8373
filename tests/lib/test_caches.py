"""The cache on a real Valkey: Django's behaviour, one client for all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.lib import env
from config.lib.caches import KeepingCache
from tests import services


@pytest.fixture(scope="module")
def cache() -> Iterator[KeepingCache]:
    url, stop = services.start_valkey()
    yield KeepingCache(env.cache_url(url), {})
    stop()


def test_commands_share_their_client(cache):
    kept = cache._cache.get_client("a", write=True)

    cache.set("a", [1, "归燕"])
    found = cache.get("a")

    assert found == [1, "归燕"]
    assert cache._cache.get_client("b", write=True) is kept


def test_a_counter_begins_when_it_is_added(cache):
    with pytest.raises(ValueError, match="not found"):
        cache.incr("minute")

    assert cache.add("minute", 0, 60)
    assert not cache.add("minute", 7, 60)
    assert [cache.incr("minute"), cache.incr("minute")] == [1, 2]
