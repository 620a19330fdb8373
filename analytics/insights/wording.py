"""Figures in the visitor's language and the programme's money, notes and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings as django_settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics.directory import presentation as directory
from analytics.insights.queries import Standpoint, minor
from analytics.insights.rules import Days
from analytics.metrics.base import Answer, Value
from analytics.metrics.enums import Span, Unit
from config.lib import formats
from config.lib.ui import Note
from members.programme.rules import Settings


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How numbers are said on this page."""

    settings: Settings
    language: str

    def number(self, value: formats.Number | None, places: int = 0) -> str:
        return formats.number(value, language=self.language, places=places)

    def compact(self, value: formats.Number | None) -> str:
        return formats.compact(value, language=self.language)

    def percent(self, ratio: formats.Number | None, places: int = 1) -> str:
        return formats.percent(ratio, language=self.language, places=places)

    def points(self, ratio: float | None) -> str:
        return formats.points(ratio, language=self.language)

    def change(self, now: float | None, before: float | None) -> str:
        """This is the change in per cent, and nothing where it is undefined."""
        if now is None or not before:
            return ""
        return formats.signed_percent((now - before) / before, language=self.language)

    def money(self, value: Any, *, places: int | None = None) -> str:
        return formats.money(
            value,
            currency=self.settings.currency,
            exponent=self.settings.exponent,
            language=self.language,
            places=places,
        )

    def money_short(self, value: Any) -> str:
        return formats.money_compact(
            value,
            currency=self.settings.currency,
            exponent=self.settings.exponent,
            language=self.language,
        )

    def day(self, value: date | None) -> str:
        return formats.day(value, language=self.language)

    def month(self, value: date) -> str:
        return formats.month(value, language=self.language)

    def month_short(self, value: date) -> str:
        return formats.month_short(value, language=self.language)

    def days(self, span: Days) -> str:
        return formats.span(self.day(span.start), self.day(span.end))

    def value(self, answer: Answer) -> str:
        """This prints an answer's value in its unit; undefined is a dash."""
        found, unit = answer.reading.value, answer.metric.unit
        if found is None:
            return formats.NOTHING
        if unit is Unit.MONEY:
            return self.money(self.minor(found))
        if isinstance(found, str):
            return found
        if unit is Unit.RATE:
            return self.percent(found)
        return self.number(found, 0 if unit is Unit.COUNT else 2)

    def minor(self, value: Value) -> int | None:
        return minor(value, exponent=self.settings.exponent)


def language() -> str:
    return get_language() or django_settings.LANGUAGE_CODE


def voice(settings: Settings) -> Voice:
    return Voice(settings=settings, language=language())


def window(answer: Answer, said: Voice) -> str:
    start, end = answer.period.start, answer.period.end
    if answer.metric.span is Span.POINT:
        return _("state at the end of the day")
    if start is None:
        return _("all history to %(day)s") % {"day": said.day(end)}
    return formats.span(said.day(start), said.day(end))


def note(answer: Answer, said: Voice, *, window_text: str = "") -> Note:
    return Note(
        as_of=answer.as_of,
        window=window_text or window(answer, said),
        base=str(answer.metric.base),
        n=answer.reading.n,
        definition=f"{answer.metric.name} v{answer.metric.version}",
        url=definition_url(answer.metric.name),
    )


def definition_url(name: str) -> str:
    return f"{reverse('insights:metrics')}#{name}"


def behind_url(answer: Answer, cell: str) -> str:
    """This leads to the members behind a cell: everything the answer depends on."""
    asked: dict[str, Any] = {"metric": answer.metric.name, "cell": cell}
    if answer.by is not None:
        asked["by"] = answer.by
    asked["as_of"] = answer.as_of.isoformat()
    if answer.metric.span is not Span.POINT:
        if answer.period.start is not None:
            asked["start"] = answer.period.start.isoformat()
        asked["end"] = answer.period.end.isoformat()
    for name, value in answer.params.items():
        if value is not None:
            asked[f"p_{name}"] = value
    return directory.list_url(**asked)


def stage_url(stage: str) -> str:
    return directory.list_url(stage=stage)


def score_url(at: Standpoint, *, r: int, f: int, rule: str, window: str) -> str:
    """This leads to the members of a pair of scores, stored ones by the list's own filter."""
    if (rule, window) == (at.settings.rfm_rule, at.settings.rfm_window):
        return directory.list_url(r=r, f=f)
    asked = {"metric": "rfm", "by": "rf", "cell": f"{r}{f}"}
    asked |= {"as_of": at.as_of.isoformat(), "p_rule": rule, "p_window": window}
    return directory.list_url(**asked)
