"""Reads money and quantities in the ways real exports write them.

Never through binary floats, and never by guessing: `1,234` is a thousand in one
country and one and a bit in another, so it is refused until an option says which;
`1.234` is, unless another number of its file shows that a point is its decimal sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Flag, auto

from babel.numbers import get_currency_symbol

from members.imports.values import Bad, Cell, plain, shown

# The largest sum kept, in major units: beyond it somebody typed a card number.
MAX_INTEGER_DIGITS = 13
MAX_LENGTH = 40

GROUPS = re.compile(r"\d{1,3}(?:([ '’_])\d{3})(?:\1\d{3})*(?P<rest>[.,]\d+)?")
THOUSANDS = {
    ",": re.compile(r"\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3}"),  # and the Indian way
    ".": re.compile(r"\d{1,3}(\.\d{3})+"),
}
SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007", " "))
OTHER_SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-"})
ACCEPTED = "a decimal such as 1234.50"


class Style(Flag):
    """What a number shows of the way its file writes decimals."""

    NONE = 0
    COMMA = auto()  # 12,50 or 1.234,50: comma is the decimal sign here
    POINT = auto()  # 12.50 or 1,234.50: a point is
    BARE = auto()  # 1.234: as its file writes decimals, or nobody can say


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    style: Style = Style.NONE


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    style: Style = Style.NONE


def number(
    cell: Cell, *, decimal: str | None = None, field: str
) -> Number | Bad | None:
    """This reads a number; None is an empty cell.

    `decimal` is "." or "," if the file's way is known.
    """
    if isinstance(cell, bool):
        return _bad(field, str(cell))
    if isinstance(cell, int | Decimal | float):
        return _typed(cell, field)
    text = plain(cell).translate(SPACES).strip()
    if not text:
        return None
    return _signed(text.translate(OTHER_SIGNS), decimal, field)


def money_reader(
    *, currency: str, exponent: int, decimal: str | None, field: str
) -> Callable[[Cell], Money | Bad | None]:
    """This makes a reader of amounts in `currency`, to its minor unit, half-even."""
    ways = signs(currency)
    plain_amount = re.compile(rf"-?\d{{1,9}}\.\d{{{exponent}}}") if exponent else None

    def read(cell: Cell) -> Money | Bad | None:
        # The way most files write most amounts, without a Decimal.
        if plain_amount and isinstance(cell, str) and plain_amount.fullmatch(cell):
            bare = exponent == 3 and re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", cell)
            if decimal != "," and not bare:
                return Money(int(cell.replace(".", "")), Style.POINT)
        text: Cell = cell
        if isinstance(cell, str):
            text = without_sign(plain(cell), ways)
            if text is None:
                detail = (
                    f"{field}: {shown(cell)} names a currency other than {currency}"
                )
                return Bad("currency", detail)
        found = number(text, decimal=decimal, field=field)
        if not isinstance(found, Number):
            return found
        return Money(to_minor(found.value, exponent), found.style)

    return read


def to_minor(value: Decimal, exponent: int) -> int:
    """This rounds half-even to the currency's minor unit: 10.005 is 1000 cents."""
    return int(value.scaleb(exponent).to_integral_value(ROUND_HALF_EVEN))


def without_sign(text: str, ways: tuple[str, ...]) -> str | None:
    """This takes the programme's currency off an amount; None: it names another."""
    if not re.search(r"[^\d\s.,'’_()+\-−–﹣]", text):
        return text
    for sign in ways:
        if sign in text.upper():
            start = text.upper().index(sign)
            rest = text[:start] + text[start + len(sign) :]
            return rest.strip() if text.upper().count(sign) == 1 else text
    return None if _names_currency(text) else text


def signs(currency: str) -> tuple[str, ...]:
    """Every way to write the currency, longest first."""
    local = {"CNY": ["¥", "元", "RMB", "CN¥", "人民币"], "JPY": ["¥", "円", "JP¥"]}
    symbols = {
        get_currency_symbol(currency, locale=locale).upper()
        for locale in ("en", "zh_Hans", "de")
    }
    ways = {currency, *symbols, *local.get(currency, [])}
    return tuple(sorted(ways, key=len, reverse=True))


def _names_currency(text: str) -> bool:
    rest = re.sub(r"[\d\s.,'’()+\-]", "", text)
    return bool(re.fullmatch(r"[€$£¥₹₩₽元円]|[A-Za-z]{0,2}[€$£¥]|[A-Z]{3}", rest))


def _typed(cell: Decimal | float, field: str) -> Number | Bad | None:
    if isinstance(cell, float) and cell != cell:
        return None
    value = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
    if not value.is_finite():
        return _bad(field, str(cell))
    return _bounded(value, Style.NONE, field, str(value)[:60])


def _signed(text: str, decimal: str | None, field: str) -> Number | Bad:
    if len(text) > MAX_LENGTH:
        return Bad("too_long", f"{field}: {shown(text)} is too long; give {ACCEPTED}")
    body, negative = text, False
    if text.startswith("(") and text.endswith(")"):
        body, negative = text[1:-1].strip(), True
    elif text[0] in "+-":
        body, negative = text[1:].strip(), text[0] == "-"
    elif text[-1] == "-":
        body, negative = text[:-1].strip(), True
    read = _unsigned(body, decimal, field, text)
    if isinstance(read, Bad):
        return read
    digits, style = read
    value = Decimal(digits)
    return _bounded(-value if negative else value, style, field, text)


def _unsigned(
    body: str, decimal: str | None, field: str, text: str
) -> tuple[str, Style] | Bad:
    if not body or re.search(r"[^0-9.,'’_ ]", body):
        return _bad(field, text)
    if body.isdigit():
        return body, Style.NONE
    if re.search(r"[ '’_]", body):
        return _grouped_by_space(body, decimal, field, text)
    commas, points = body.count(","), body.count(".")
    if commas and points:
        return _both(body, decimal, field, text)
    mark = "," if commas else "."
    if commas + points > 1:
        if decimal == mark or not THOUSANDS[mark].fullmatch(body):
            return _bad(field, text)
        return body.replace(mark, ""), _style("," if mark == "." else ".")
    return _one_mark(body, mark, decimal, field, text)


def _grouped_by_space(
    body: str, decimal: str | None, field: str, text: str
) -> tuple[str, Style] | Bad:
    match = GROUPS.fullmatch(body)
    if match is None:
        return _bad(field, text)
    rest = match["rest"] or ""
    if rest and decimal and rest[0] != decimal:
        return _bad(field, text)
    digits = re.sub(r"[ '’_]", "", body).replace(",", ".")
    return digits, _style(rest[:1])


def _both(
    body: str, decimal: str | None, field: str, text: str
) -> tuple[str, Style] | Bad:
    mark = "," if body.rindex(",") > body.rindex(".") else "."
    whole, _, fraction = body.rpartition(mark)
    other = "." if mark == "," else ","
    wrong = decimal is not None and decimal != mark
    if wrong or mark in whole or not fraction or not THOUSANDS[other].fullmatch(whole):
        return _bad(field, text)
    return f"{whole.replace(other, '')}.{fraction}", _style(mark)


def _one_mark(
    body: str, mark: str, decimal: str | None, field: str, text: str
) -> tuple[str, Style] | Bad:
    whole, _, fraction = body.partition(mark)
    if not fraction:
        return _bad(field, text)
    could_group = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    if decimal is not None and decimal != mark:
        if not could_group:
            return _bad(field, text)
        return whole + fraction, Style.NONE
    digits = f"{whole or '0'}.{fraction}"
    if decimal is not None or mark == ".":
        bare = could_group and decimal is None
        return digits, Style.BARE if bare else _style(mark)
    if could_group:
        return ambiguous(field, text)
    return digits, Style.COMMA


def ambiguous(field: str, text: str) -> Bad:
    detail = (
        f"{field}: {shown(text)} may be a thousand or a decimal; "
        "say which sign is the decimal one (--decimal point or comma)"
    )
    return Bad("ambiguous_amount", detail)


def _style(decimal: str) -> Style:
    return {",": Style.COMMA, ".": Style.POINT}.get(decimal, Style.NONE)


def _bounded(value: Decimal, style: Style, field: str, text: str) -> Number | Bad:
    if value and value.adjusted() >= MAX_INTEGER_DIGITS:
        detail = (
            f"{field}: {shown(text)} is too large; at most {MAX_INTEGER_DIGITS} digits"
        )
        return Bad("too_large", detail)
    return Number(value, style)


def _bad(field: str, text: str) -> Bad:
    detail = f"{field}: {shown(text)} is not a number; give {ACCEPTED}"
    return Bad("bad_amount", detail)
