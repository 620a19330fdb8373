"""What heat tables are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Box:
    """A coloured cell: its number, its link and, unfinished, its dashes."""

    text: str
    step: str
    url: str
    label: str = ""
    name: str = ""
    unfinished: bool = False
