"""Reads bodies as JSON and as nothing else: what is ambiguous is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class NotJson(ValueError):
    pass


def loads(body: bytes) -> Any:
    """Read one JSON text in UTF-8. `NotJson` says what is wrong with it.

    A name that comes twice is refused: parsers differ in which value they keep. So is
    text PostgreSQL cannot store, wherever in the body it stands.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except RecursionError:
        raise NotJson(_("The body is nested too deeply.")) from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson(_("The body is not JSON in UTF-8.")) from None
    # Only an escape can bring in what UTF-8 and JSON themselves exclude.
    if b"\\u" in body and not _storable(value):
        raise NotJson(_("The body holds text with NUL or half a character."))
    return value


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return loads(stream.read())
        except NotJson as error:
            raise ParseError(str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson(_("The body gives one name twice."))
    return found


def _no_constant(word: str) -> NoReturn:
    raise NotJson(_("NaN and Infinity are not JSON."))


def _storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_storable(k) and _storable(v) for k, v in value.items())
    if isinstance(value, list):
        return all(_storable(one) for one in value)
    return True
