"""Formats and components for templates. docs/interface.md lists them with examples.

Language is the active one; money and times are the programme's, which
config.context puts into every page.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from lucide.templatetags.lucide import lucide

from config.lib import formats

if TYPE_CHECKING:
    from members.programme.rules import Settings

register = template.Library()


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _programme(context: Context) -> Settings:
    found: Settings = context["programme"]
    return found


@cache
def _icon(name: str) -> SafeString:
    drawn = lucide(name, size=None, aria_hidden="true", **{"class": "ico"})
    return mark_safe(drawn)  # noqa: S308 - lucide's own file


@register.simple_tag
def icon(name: str) -> SafeString:
    """This is decoration, always beside words or inside a labelled button."""
    return _icon(str(name))


@register.filter
def number(value: formats.Number | None, places: int = 0) -> str:
    return formats.number(value, language=_language(), places=places)


@register.filter
def signed(value: formats.Number | None, places: int = 0) -> str:
    return formats.signed(value, language=_language(), places=places)


@register.filter
def compact(value: formats.Number | None) -> str:
    return formats.compact(value, language=_language())


@register.filter
def percent(ratio: formats.Number | None, places: int = 1) -> str:
    return formats.percent(ratio, language=_language(), places=places)


@register.filter
def signed_percent(ratio: formats.Number | None, places: int = 1) -> str:
    return formats.signed_percent(ratio, language=_language(), places=places)


@register.filter
def pp(ratio: formats.Number | None, places: int = 1) -> str:
    return formats.points(ratio, language=_language(), places=places)


@register.filter
def masked(value: str, kind: str) -> str:
    return formats.masked(kind, value)


@register.filter
def undo_url(message: Message) -> str:
    """This is where a toast's Undo posts, which its view put among the tags."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith("undo:/"):
            return tag.removeprefix("undo:")
    return ""


@register.filter
def initials(name: str) -> str:
    """This is for the round badge: two Latin initials, or the first Han character."""
    words = name.split()
    if not words:
        return "·"
    if not words[0][0].isascii():
        return words[0][0]
    letters = [word[0] for word in (words[0], words[-1])[: len(words)]]
    return "".join(letters).upper()


@register.simple_tag(takes_context=True)
def money(
    context: Context, minor: int | Decimal | None, places: int | None = None
) -> str:
    rules = _programme(context)
    return formats.money(
        minor,
        currency=rules.currency,
        exponent=rules.exponent,
        language=_language(),
        places=places,
    )


@register.simple_tag(takes_context=True)
def money_compact(context: Context, minor: int | Decimal | None) -> str:
    rules = _programme(context)
    return formats.money_compact(
        minor, currency=rules.currency, exponent=rules.exponent, language=_language()
    )


def _time(iso: str, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', iso, text)


@register.simple_tag
def day(value: dt.date | None) -> str:
    if value is None:
        return formats.NOTHING
    return _time(value.isoformat(), formats.day(value, language=_language()))


@register.simple_tag
def month(value: dt.date | None) -> str:
    if value is None:
        return formats.NOTHING
    return _time(f"{value:%Y-%m}", formats.month(value, language=_language()))


@register.simple_tag(takes_context=True)
def moment(context: Context, value: dt.datetime | None) -> str:
    if value is None:
        return formats.NOTHING
    zone = _programme(context).zone
    return _time(
        value.isoformat(), formats.moment(value, language=_language(), zone=zone)
    )


@register.simple_tag(takes_context=True)
def relative(context: Context, value: dt.datetime | None) -> str:
    if value is None:
        return formats.NOTHING
    zone = _programme(context).zone
    said = formats.relative(value, at=context["now"], language=_language(), zone=zone)
    full = formats.moment(value, language=_language(), zone=zone)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, said
    )


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This is the page's own address with some parameters changed; None takes one out."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"
