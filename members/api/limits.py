"""How many requests a minute a key may send, counted in the cache by all processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from members.api.authentication import Caller

WINDOW = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Where a key stands in the running minute."""

    limit: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset),
        }


class PerKey(BaseThrottle):
    """Counts by the machine's clock: a test clock must not stop a real flood."""

    rate: Rate | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        caller: Caller | None = request.user  # type: ignore[assignment]  # by BearerKey
        if caller is None:
            return True
        moment = int(time.time())
        used = _count(f"api-rate:{caller.id}:{moment // WINDOW}")
        limit = caller.requests_per_minute
        rate = Rate(limit=limit, used=used, reset=WINDOW - moment % WINDOW)
        self.rate = view.rate = rate
        return used <= limit

    def wait(self) -> float | None:
        return None if self.rate is None else float(self.rate.reset)


def _count(name: str) -> int:
    """Without the cache nobody is limited: a till goes on selling."""
    try:
        try:
            return int(cache.incr(name))
        except ValueError:
            cache.add(name, 0, 2 * WINDOW)
            return int(cache.incr(name))
    except RedisError:
        log.warning("rate_limit_without_cache")
        return 0
