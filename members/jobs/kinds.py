"""What long work there is. Features above register their kind when Django is ready."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of job: its words, and the task that does it given `job_id` alone."""

    name: str
    title: str | Promise
    task: str


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _KINDS[kind.name] = kind


def named(name: str) -> Kind | None:
    """Return the kind, or None for one that an older version of Tern ran."""
    return _KINDS.get(name)


def title(name: str) -> str:
    kind = named(name)
    return str(kind.title) if kind else name
