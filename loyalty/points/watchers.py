"""Who wants to know that a member got points that are no order's: tiers, above.

They register when Django is ready, so the books know nobody above them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from members.programme.rules import Settings


class Watcher(Protocol):
    def __call__(
        self, *, member_id: int, actor: str, now: datetime, settings: Settings
    ) -> object: ...


_WATCHERS: list[Watcher] = []


def register(watcher: Watcher) -> None:
    if watcher not in _WATCHERS:
        _WATCHERS.append(watcher)


def tell(*, member_id: int, actor: str, now: datetime, settings: Settings) -> None:
    """Call it after the posting, in its transaction."""
    for watcher in _WATCHERS:
        watcher(member_id=member_id, actor=actor, now=now, settings=settings)
