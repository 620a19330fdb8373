"""Reads identifiers, words, yes and no, addresses and numbers of telephones."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from members.imports.values import Bad, Cell, plain, shown, written

# What data frames and databases write for "nothing here".
NOTHING = frozenset({"nan", "null", "none", "n/a", "#n/a", "<na>", "nil", "undefined"})
WHOLE_FLOAT = re.compile(r"-?\d+\.0+")
EXCEL_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
ADDRESSED = re.compile(r"~([a-z0-9_.-]{1,60}):(.*)", re.IGNORECASE)
EMAIL = re.compile(
    r"[^\s@,;<>\"()\[\]\\]{1,64}@[^\s@,;<>\"()\[\]\\.]+(?:\.[^\s@,;<>\"()\[\]\\.]+)+"
)
YES = frozenset({"yes", "y", "true", "t", "1", "1.0", "on", "是", "有", "同意"})
NO = frozenset({"no", "n", "false", "f", "0", "0.0", "off", "否", "无", "不同意"})
IDENTIFIER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Address:
    """An identifier with its type; a bare one has its source as type."""

    type: str
    value: str


def text(cell: Cell, *, limit: int, field: str) -> str | Bad | None:
    """This reads one line of text, kept as written but trimmed; None is empty."""
    words = cell if isinstance(cell, str) else written(cell)
    words = words.strip()
    if not words:
        return None
    if not words.isascii():
        words = unicodedata.normalize("NFC", words)
    if CONTROL.search(words):
        words = " ".join(words.split())
        if CONTROL.search(words):
            detail = (
                f"{field}: {shown(CONTROL.sub('?', words))} holds control characters"
            )
            return Bad("bad_text", detail)
    if len(words) > limit:
        detail = f"{field}: {shown(words)} is longer than {limit} characters"
        return Bad("too_long", detail)
    return words


def identifier(cell: Cell, *, limit: int, field: str) -> str | Bad | None:
    """This reads a key; a whole float as Excel writes it (`13085.0`) is the number."""
    if isinstance(cell, bool):
        return Bad("bad_identifier", f"{field}: true and false identify nobody")
    words = plain(cell)
    if not words or words.lower() in NOTHING:
        return None
    if CONTROL.search(words):
        return Bad("bad_identifier", f"{field}: the value holds control characters")
    if WHOLE_FLOAT.fullmatch(words):
        words = words.partition(".")[0]
    if EXCEL_SHORTENED.fullmatch(words):
        detail = (
            f"{field}: {shown(words)} was shortened by a spreadsheet; "
            "export the column as text"
        )
        return Bad("bad_identifier", detail)
    if len(words) > limit:
        detail = f"{field}: {shown(words)} is longer than {limit} characters"
        return Bad("too_long", detail)
    return words


def address(
    cell: Cell, *, source: str, region: str | None, field: str
) -> Address | Bad | None:
    """This reads whom a row speaks of: `c-17` of the source, or `~type:value`."""
    words = identifier(cell, limit=IDENTIFIER_LENGTH, field=field)
    if not isinstance(words, str):
        return words
    match = ADDRESSED.fullmatch(words)
    if match is None:
        return Address(source, words)
    type_, value = match[1].lower(), match[2].strip()
    normal: str | Bad | None = value
    if type_ == "email":
        normal = email(value, field=field)
    elif type_ == "phone":
        normal = phone(value, region=region, field=field)
    if isinstance(normal, str) and normal:
        return Address(type_, normal)
    if isinstance(normal, Bad):
        return normal
    return Bad("bad_identifier", f"{field}: {shown(words)} has no value")


def email(cell: Cell, *, field: str) -> str | Bad | None:
    """This reads one e-mail address, in lower case."""
    words = plain(cell).lower()
    if not words or words in NOTHING:
        return None
    words = words.removeprefix("mailto:")
    if len(words) > 190 or not EMAIL.fullmatch(words) or CONTROL.search(words):
        detail = f"{field}: {shown(words)} is no e-mail address such as ana@example.org"
        return Bad("bad_email", detail)
    return words


def phone(cell: Cell, *, region: str | None, field: str) -> str | Bad | None:
    """This reads one telephone number as E.164; a national one needs a region."""
    words = plain(cell)
    if not words or words.lower() in NOTHING:
        return None
    if WHOLE_FLOAT.fullmatch(words):
        words = words.partition(".")[0]
    international = words.startswith(("+", "00"))
    if words.startswith("00"):
        words = f"+{words[2:]}"
    if not international and region is None:
        detail = (
            f"{field}: {shown(words)} has no country code; "
            "write +49… or say the country (--region DE)"
        )
        return Bad("ambiguous_phone", detail)
    try:
        number = phonenumbers.parse(words, None if international else region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        detail = f"{field}: {shown(words)} is no telephone number such as +4930123456"
        return Bad("bad_phone", detail)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_region(code: str) -> bool:
    """This is a country whose telephone numbers are known, as DE."""
    return code in phonenumbers.SUPPORTED_REGIONS


def yes_or_no(cell: Cell, *, field: str) -> bool | Bad | None:
    words = plain(cell).lower()
    if not words or words in NOTHING:
        return None
    if words in YES:
        return True
    if words in NO:
        return False
    return Bad("bad_choice", f"{field}: {shown(words)} is neither yes nor no")
