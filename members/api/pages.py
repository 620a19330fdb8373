"""Pages by cursor: where the last one ended, written so that nobody builds on it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.request import Request

from config.lib.problem import InvalidInput
from members.api.fields import Body

MOST = 200
USUAL = 50


class PageQuery(Body):
    """Inherit for lists: `?cursor=` from the page before, `?limit=` rows."""

    cursor = serializers.CharField(
        required=False,
        max_length=400,
        help_text=gettext_lazy("Where the page before ended; take it from `next`."),
    )
    limit = serializers.IntegerField(
        required=False, default=USUAL, min_value=1, max_value=MOST
    )


def write(place: Sequence[Any]) -> str:
    text = json.dumps(list(place), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The place a cursor means, each part of its kind; anything else is refused."""
    if cursor is None:
        return None
    place: Any = None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error, RecursionError):
        pass
    fits = (
        isinstance(place, list)
        and len(place) == len(kinds)
        and all(type(part) is kind for part, kind in zip(place, kinds, strict=True))
    )
    if not fits:
        raise InvalidInput(
            field="cursor",
            code="invalid",
            detail=_("Take the cursor from the page before."),
        )
    found: list[Any] = place
    return found


def page(
    request: Request, results: Sequence[Any], *, after: Sequence[Any] | None
) -> dict[str, Any]:
    """A page; `after` is the place of its last row where another page follows."""
    following = None
    if after is not None:
        query = request.query_params.copy()
        query["cursor"] = write(after)
        following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return {"results": list(results), "next": following}
