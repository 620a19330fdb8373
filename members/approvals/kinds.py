"""What needs two people. Features above register their kind when Django is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an approved act did: its answer, and what was changed from what to what."""

    result: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Act:
    """An approved request, as its executor sees it. `reference` is unique for ever."""

    payload: Mapping[str, Any]
    reference: str
    author: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`scope` is what a key needs to decide it. `execute` runs inside the transaction
    of the decision; the `DomainError` it raises leaves the request pending. `refused`
    runs inside that of a refusal."""

    name: str
    title: str | Promise
    scope: str
    execute: Callable[[Act], Done]
    refused: Callable[[Mapping[str, Any]], None] | None = None


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _KINDS[kind.name] = kind


def named(name: str) -> Kind:
    return _KINDS[name]


def within(scopes: frozenset[str]) -> list[str]:
    """Names of the kinds that holders of these scopes may see and decide."""
    return sorted(kind.name for kind in _KINDS.values() if kind.scope in scopes)
