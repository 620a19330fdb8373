"""What features above know of a member. They register when Django is ready, so that a
profile shows it without the layers below knowing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol


class Part(Protocol):
    def __call__(self, *, member_id: int, at: datetime) -> Mapping[str, Any] | None: ...


_PARTS: dict[str, Part] = {}


def register(name: str, part: Callable[..., Mapping[str, Any] | None]) -> None:
    """`name` is the word the profile has for it; None is "nothing known yet"."""
    _PARTS[name] = part


def names() -> list[str]:
    return sorted(_PARTS)


def of(*, member_id: int, at: datetime) -> dict[str, Mapping[str, Any] | None]:
    return {name: _PARTS[name](member_id=member_id, at=at) for name in names()}
