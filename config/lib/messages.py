"""Compiles translations: .po files are kept, .mo files are made where they are stale."""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[2] / "locale"


def compile_all(*, locale: Path = LOCALE) -> list[Path]:
    """This returns what it compiled; gettext need not be installed."""
    stale = [
        source for source in sorted(locale.glob("*/LC_MESSAGES/*.po")) if _stale(source)
    ]
    return [_compile(source) for source in stale]


def _stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns


def _compile(source: Path) -> Path:
    target = source.with_suffix(".mo")
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parts[-3])
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(target)
    return target
