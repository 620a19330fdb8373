"""How the page of the liability says numbers, and the shapes its templates take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.lib import formats
from config.lib.ui import Cell
from loyalty.liability import queries
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing and its table; `names` are the tones and names of its series."""

    drawing: SafeString
    caption: str
    head: list[str]
    rows: list[list[str | Cell]]
    names: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Box:
    text: str
    step: str


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How numbers are said: the reader's language, the programme's money."""

    language: str
    settings: Settings

    def number(self, value: int | float) -> str:
        return formats.number(round(value), language=self.language)

    def signed(self, value: int) -> str:
        return formats.signed(value, language=self.language) if value else "0"

    def percent(self, value: float | None, places: int = 1) -> str:
        return formats.percent(value, language=self.language, places=places)

    def named_below(self, head: str, pairs: Iterable[tuple[str, str]]) -> str:
        return formats.named_below(head, pairs, language=self.language)

    def minor(self, value: int) -> str:
        return formats.money(
            value,
            currency=self.settings.currency,
            exponent=self.settings.exponent,
            language=self.language,
        )

    def worth(self, points: int | float) -> str:
        return self.minor(
            queries.money_of(points=round(points), settings=self.settings)
        )

    def month(self, value: date | None) -> str:
        if value is None:
            return _("without end")
        return formats.month(value, language=self.language)

    def day(self, value: date) -> str:
        return formats.day(value, language=self.language)
