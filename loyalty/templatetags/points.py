"""What the pages of points say beyond the formats of every page."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from config.lib import formats
from loyalty.points import reasons, rules
from members.programme.rules import Settings

register = template.Library()


@register.filter
def why(reason: str) -> str:
    """This is the reason of an entry, in words."""
    return reasons.words(reason)


@register.simple_tag
def entry_day(value: date) -> SafeString:
    """This is the day of a line; the month above it says the rest."""
    language = get_language() or settings.LANGUAGE_CODE
    pattern = "M月d日" if language.startswith("zh") else "d MMM"
    text = format_date(value, pattern, locale=formats.locale_of(language))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.simple_tag(takes_context=True)
def worth(context: Context, points: int) -> str:
    """This is what points pay, in the programme's money."""
    programme: Settings = context["programme"]
    return formats.money(
        rules.money_of(points=points, settings=programme),
        currency=programme.currency,
        exponent=programme.exponent,
        language=get_language() or settings.LANGUAGE_CODE,
    )
