"""What the member pages say of a member, beyond the formats of every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

from analytics.directory import presentation
from analytics.directory.profile import MonthSpent
from analytics.directory.queries import Count
from analytics.metrics.enums import Stage, ValueTier
from analytics.values.models import MemberValue, ValueRun
from config.lib import charts, formats, ui
from members.profiles.models import Identifier, Member
from members.programme.rules import Settings

register = template.Library()

_STAGE_TONES = {
    Stage.LOYAL: "good",
    Stage.REPEAT: "info",
    Stage.FIRST: "info",
    Stage.CHURNED: "bad",
}
_TIER_TONES = {ValueTier.HIGH: "gold"}
_TYPES = {
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "wechat": gettext_lazy("WeChat"),
    "external": gettext_lazy("Card"),
}
_CHANNELS = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("SMS"),
    "phone": gettext_lazy("Phone"),
    "wechat": gettext_lazy("WeChat"),
    "push": gettext_lazy("Push"),
}
_PERSONAL = {"email", "phone", "wechat"}


@dataclass(frozen=True)
class Reason:
    """A score and the sentence that explains it."""

    letter: str
    name: str
    score: int | None
    text: str


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _money(rules: Settings, minor: int | Decimal | None) -> str:
    return formats.money(
        minor,
        currency=rules.currency,
        exponent=rules.exponent,
        language=_language(),
        places=None,
    )


@register.filter
def value_of(member: Member) -> MemberValue | None:
    """This is the value the list has joined; somebody new has none yet."""
    found: MemberValue | None = getattr(member, "value", None)
    return found


@register.simple_tag
def member_count(count: Count) -> str:
    number = formats.number(count.value, language=_language())
    return presentation.count_text(count, number=number)


@register.simple_tag
def table_day(value: date | None) -> str:
    """This is the day as tables write it, the same in every language."""
    if value is None:
        return formats.NOTHING
    return format_html('<time datetime="{0}">{0}</time>', value.isoformat())


@register.simple_tag
def day_short(value: date) -> SafeString:
    language = _language()
    pattern = "M月d日" if language.startswith("zh") else "d MMM"
    text = format_date(value, pattern, locale=formats.locale_of(language))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.inclusion_tag("components/badge.html")
def stage_badge(value: MemberValue | None) -> dict[str, Any]:
    if value is None:
        return {"text": gettext("Not valued yet"), "tone": "", "icon_name": ""}
    stage = Stage(value.stage)
    tone = _STAGE_TONES.get(stage, "")
    return {"text": stage.label, "tone": tone, "icon_name": ""}


@register.simple_tag
def tier_badge(value: MemberValue) -> SafeString:
    if not value.value_tier:
        return SafeString("")
    tier = ValueTier(value.value_tier)
    text = gettext("Value: %(tier)s") % {"tier": tier.label}
    tone = _TIER_TONES.get(tier, "")
    return format_html('<span class="badge {}">{}</span>', tone, text)


@register.simple_tag
def days_ago(value: MemberValue) -> str:
    days = value.recency_days
    if days is None:
        return formats.NOTHING
    text = ngettext("%(n)s day ago", "%(n)s days ago", days)
    return text % {"n": formats.number(days, language=_language())}


@register.simple_tag
def identifier_type(type_: str) -> str:
    return str(_TYPES.get(type_, type_))


@register.simple_tag
def channel_name(channel: str) -> str:
    return str(_CHANNELS.get(channel, channel))


@register.simple_tag
def shown_identifier(identifier: Identifier, in_full: bool) -> str:
    """This masks what reaches a person for whoever does not serve members."""
    if in_full or identifier.type not in _PERSONAL:
        return identifier.value
    return formats.masked(identifier.type, identifier.value)


@register.inclusion_tag("directory/value_card.html", takes_context=True)
def value_card(context: Context, value: MemberValue, run: ValueRun) -> dict[str, Any]:
    rules: Settings = context["programme"]
    return {
        "reasons": _reasons(value, run, rules),
        "cell": value.cell,
        "run": run,
        "limited": context.get("limited", False),
    }


def _reasons(value: MemberValue, run: ValueRun, rules: Settings) -> list[Reason]:
    """Say of each score between which measures it lies, and where the member is."""
    recent = rules.rfm_window == "12m"
    orders = value.orders_12m if recent else value.orders
    spend = value.spend_12m_minor if recent else value.spend_minor
    language = _language()

    def days(n: int) -> str:
        text = ngettext("%(n)s day", "%(n)s days", n)
        return text % {"n": formats.number(n, language=language)}

    def times(n: int) -> str:
        text = ngettext("%(n)s order", "%(n)s orders", n)
        return text % {"n": formats.number(n, language=language)}

    def money(n: int) -> str:
        return _money(rules, n)

    measured = (
        ("R", gettext("Recency"), value.r, value.recency_days, days),
        ("F", gettext("Frequency"), value.f, orders, times),
        ("M", gettext("Monetary"), value.m, spend, money),
    )
    return [
        Reason(letter, name, score, _sentence(run, letter, score, measure, say))
        for letter, name, score, measure, say in measured
    ]


def _sentence(
    run: ValueRun, letter: str, score: int | None, measure: int | None, say: Any
) -> str:
    between = run.bounds.get(letter.lower(), {}).get(str(score))
    if score is None or measure is None or between is None:
        return gettext("No orders in the window.")
    least, most = (say(int(bound)) for bound in between)
    if least == most:
        text = gettext("%(measure)s; score %(score)s is exactly that")
        return text % {"measure": say(measure), "score": score}
    text = gettext("%(measure)s; score %(score)s runs from %(least)s to %(most)s")
    return text % {
        "measure": say(measure),
        "score": score,
        "least": least,
        "most": most,
    }


def _months_note(months: Sequence[MonthSpent], run: ValueRun, language: str) -> ui.Note:
    first = formats.day(months[0].month, language=language)
    last = formats.day(run.as_of, language=language)
    return ui.Note(
        as_of=run.as_of,
        window=formats.span(first, last),
        base=gettext("orders of the period"),
        n=sum(one.orders for one in months),
    )


@register.inclusion_tag("directory/month_bars.html", takes_context=True)
def month_bars(
    context: Context, months: Sequence[MonthSpent], run: ValueRun
) -> dict[str, Any]:
    rules: Settings = context["programme"]
    language = _language()
    unit = 10**rules.exponent
    labels = [formats.month(one.month, language=language) for one in months]
    total = _money(rules, sum(one.net_minor for one in months))
    finding = gettext("Net spend of the last twelve months: %(total)s.")
    rows = [
        [
            label,
            _money(rules, one.net_minor),
            formats.number(one.orders, language=language),
        ]
        for label, one in zip(labels, months, strict=True)
    ]
    spent = any(one.net_minor for one in months)
    chart = charts.bars(
        [one.net_minor / unit for one in months] if spent else [],
        labels=[formats.month_short(one.month, language=language) for one in months],
        tips=["\n".join(row[:2]) for row in rows],
        finding=finding % {"total": total},
        format_tick=lambda v: formats.money_compact(
            v * unit,
            currency=rules.currency,
            exponent=rules.exponent,
            language=language,
        ),
        height=140,
    )
    head = [gettext("Month"), gettext("Net spend"), gettext("Orders")]
    return {
        "note": _months_note(months, run, language),
        "chart": chart,
        "head": head,
        "rows": rows,
        "caption": finding % {"total": total},
    }
