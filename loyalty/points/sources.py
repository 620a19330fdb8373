"""Where points came from, in words of whoever gave them.

A reference begins with the word of its origin: `order:17`, `event:sign_up:3`. Features
above register how to read theirs, so that a lot names the shop's own order number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

# References to the facts about each, for many at once: one query a page.
Reader = Callable[[Collection[str]], Mapping[str, Mapping[str, Any]]]

_READERS: dict[str, Reader] = {}


def register(origin: str, reader: Reader) -> None:
    """`origin` is the reference up to its first colon."""
    _READERS[origin] = reader


def of(references: Collection[str]) -> dict[str, dict[str, Any]]:
    """This is the facts known of references, only of those that have some."""
    found: dict[str, dict[str, Any]] = {}
    for origin, reader in _READERS.items():
        mine = [one for one in references if one.startswith(f"{origin}:")]
        if mine:
            found |= {name: dict(facts) for name, facts in reader(mine).items()}
    return found


def told(reference: str) -> str:
    """This is a reference as its caller said it: a redemption's is a key of the member."""
    if reference.startswith("redeem:"):
        return reference.split(":", 3)[-1]
    return reference
