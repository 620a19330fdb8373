"""Numbers, money, dates and masked identifiers as people read them.

CLDR through Babel decides, apart from three house rules it does not know: a month
name stands after its day in English, the minus is U+2212, and Chinese counts in 万
and 亿 with one decimal. `language` is Django's code: "en" or "zh-hans".
"""

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_decimal, get_currency_symbol
from django.utils.translation import gettext

Number = int | float | Decimal

MINUS = "\u2212"
NOTHING = "\u2013"  # an undefined number is a dash, never a nought
RELATIVE_DAYS = 7  # older than this a reader wants the date

_COMPACT = {
    "en": ((0, ""), (3, "k"), (6, "M"), (9, "B")),
    "zh": ((0, ""), (4, "万"), (8, "亿")),
}
# CLDR writes CN¥ in English, for pages that mix currencies. Ours show one programme's.
_NARROW = {("en", "CNY"): "¥"}


def locale_of(language: str) -> str:
    """This is Babel's name of the language."""
    return "zh_Hans_CN" if language.lower().startswith("zh") else "en"


def _family(language: str) -> str:
    return locale_of(language)[:2]


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def number(value: Number | None, *, language: str, places: int = 0) -> str:
    if value is None:
        return NOTHING
    pattern = "#,##0" + ("." + "0" * places if places else "")
    rounded = round(_decimal(value), places)
    return _minus(format_decimal(rounded + 0, pattern, locale=locale_of(language)))


def signed(value: Number | None, *, language: str, places: int = 0) -> str:
    """This prints the sign of gains too; nought carries none."""
    if value is None:
        return NOTHING
    text = number(value, language=language, places=places)
    return f"+{text}" if round(_decimal(value), places) > 0 else text


def compact(value: Number | None, *, language: str) -> str:
    """This shortens: 184k and 1.3M in English, 18.4万 in Chinese, one decimal at most."""
    if value is None:
        return NOTHING
    units = _COMPACT[_family(language)]
    exact = _decimal(value)
    # Rounded first: 999,950 is 1M, not 1000k.
    for (power, unit), (above, _) in pairwise(units):
        shown = _short(exact.scaleb(-power), language) if power else round(exact, 0)
        if abs(shown) < Decimal(10) ** (above - power):
            return _plain(shown, language) + unit
    power, unit = units[-1]
    return _plain(_short(exact.scaleb(-power), language), language) + unit


def _short(value: Decimal, language: str) -> Decimal:
    whole = _family(language) == "en" and abs(value) >= 100
    step = Decimal(1) if whole else Decimal("0.1")
    return value.quantize(step, rounding=ROUND_HALF_EVEN)


def _plain(value: Decimal, language: str) -> str:
    return _minus(format_decimal(value, "#,##0.#", locale=locale_of(language)))


def symbol_of(currency: str, *, language: str) -> str:
    narrow = _NARROW.get((_family(language), currency))
    return narrow or get_currency_symbol(currency, locale_of(language))


def major(minor: int | Decimal, *, exponent: int) -> Decimal:
    """This moves the point exactly: 128400 at exponent 2 is 1284.00."""
    return Decimal(minor).scaleb(-exponent)


def _with_symbol(text: str, symbol: str) -> str:
    gap = "\u00a0" if symbol[-1:].isalpha() else ""
    sign, digits = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return f"{sign}{symbol}{gap}{digits}"


def money(
    minor: int | Decimal | None,
    *,
    currency: str,
    exponent: int,
    language: str,
    places: int | None = None,
) -> str:
    """This prints minor units with the narrow symbol; `places=0` drops the cents."""
    if minor is None:
        return NOTHING
    shown = exponent if places is None else places
    text = number(major(minor, exponent=exponent), language=language, places=shown)
    return _with_symbol(text, symbol_of(currency, language=language))


def money_compact(
    minor: int | Decimal | None, *, currency: str, exponent: int, language: str
) -> str:
    if minor is None:
        return NOTHING
    text = compact(major(minor, exponent=exponent), language=language)
    return _with_symbol(text, symbol_of(currency, language=language))


def percent(ratio: Number | None, *, language: str, places: int = 1) -> str:
    """This prints a ratio: 0.423 is 42.3%."""
    if ratio is None:
        return NOTHING
    return number(_decimal(ratio) * 100, language=language, places=places) + "%"


def signed_percent(ratio: Number | None, *, language: str, places: int = 1) -> str:
    if ratio is None:
        return NOTHING
    return signed(_decimal(ratio) * 100, language=language, places=places) + "%"


def points(ratio: Number | None, *, language: str, places: int = 1) -> str:
    """This prints a difference of two shares in percentage points: +1.1 pp."""
    if ratio is None:
        return NOTHING
    return signed(_decimal(ratio) * 100, language=language, places=places) + " pp"


def span(low: str, high: str) -> str:
    """This joins two printed values: 1,020–1,530."""
    return f"{low}\u2013{high}"


def named(name: str, value: str, *, language: str) -> str:
    """This sets a printed value behind its name, with the colon of the language."""
    return f"{name}：{value}" if _family(language) == "zh" else f"{name}: {value}"


def named_below(head: str, pairs: Iterable[tuple[str, str]], *, language: str) -> str:
    """This sets named values below a heading, a line each, as the tips of charts do."""
    lines = [named(name, value, language=language) for name, value in pairs]
    return "\n".join([head, *lines])


def clauses(parts: Iterable[str], *, language: str) -> str:
    """This joins parts of one sentence that hold commas or colons themselves."""
    return ("；" if _family(language) == "zh" else "; ").join(parts)


def day(value: dt.date | None, *, language: str) -> str:
    if value is None:
        return NOTHING
    pattern = "y年M月d日" if _family(language) == "zh" else "d MMM y"
    return format_date(value, pattern, locale=locale_of(language))


def month(value: dt.date | None, *, language: str) -> str:
    if value is None:
        return NOTHING
    return format_skeleton("yMMM", value, locale=locale_of(language))


def month_short(value: dt.date, *, language: str) -> str:
    """This is an axis label; the year is said by its neighbours."""
    return format_skeleton("MMM", value, locale=locale_of(language))


def moment(value: dt.datetime | None, *, language: str, zone: ZoneInfo) -> str:
    if value is None:
        return NOTHING
    pattern = "y年M月d日 HH:mm" if _family(language) == "zh" else "d MMM y, HH:mm"
    return format_datetime(value, pattern, tzinfo=zone, locale=locale_of(language))


def relative(
    value: dt.datetime | None, *, at: dt.datetime, language: str, zone: ZoneInfo
) -> str:
    """This says "3 days ago" within a week, and the date after it or in the future."""
    if value is None:
        return NOTHING
    passed = at - value
    if not dt.timedelta(0) <= passed < dt.timedelta(days=RELATIVE_DAYS):
        return day(value.astimezone(zone).date(), language=language)
    if passed < dt.timedelta(minutes=1):
        return gettext("just now")
    return format_timedelta(
        -passed, add_direction=True, threshold=1, locale=locale_of(language)
    )


def masked_phone(value: str) -> str:
    """This keeps what a caller may check and hides the rest: 138 •••• 4471."""
    digits = "".join(c for c in value if c.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) < 8:
        return "••••"
    return f"{digits[:3]} •••• {digits[-4:]}"


def masked_email(value: str) -> str:
    """This keeps the first letter and the domain: l•••@example.com."""
    name, at, domain = value.partition("@")
    return f"{name[:1]}•••@{domain}" if at else f"{value[:1]}•••"


def masked(kind: str, value: str) -> str:
    """This masks an identifier by its type; card numbers and ids are not secrets."""
    if kind == "phone":
        return masked_phone(value)
    if kind == "email":
        return masked_email(value)
    return value
