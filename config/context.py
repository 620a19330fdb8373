"""What every page has in its context: the shell's, read from the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext_lazy

from config.lib import clock
from config.preferences import rules as preferences
from loyalty.inbox import queries as inbox
from members.access.models import User
from members.programme import queries as programme

_OWN_NAMES = {"en": "English", "zh-hans": "简体中文"}


@dataclass(frozen=True)
class Item:
    text: str
    url: str
    icon: str
    current: bool
    count: int = 0


@dataclass(frozen=True)
class Group:
    text: str
    items: list[Item]


# (group, [(permission word, URL name, icon, text)]): what exists, in reading order.
_RAIL = [
    (
        "",
        [
            (
                "overview.view",
                "insights:overview",
                "layout-dashboard",
                gettext_lazy("Overview"),
            ),
            (
                "tasks.view",
                "inbox:tasks",
                "list-checks",
                gettext_lazy("Tasks"),
            ),
        ],
    ),
    (
        gettext_lazy("Operate"),
        [
            ("members.view", "insights:members", "users", gettext_lazy("Members")),
            ("points.view", "points:today", "coins", gettext_lazy("Points")),
        ],
    ),
    (
        gettext_lazy("Understand"),
        [
            ("insights.view", "insights:rfm", "grid-3x3", gettext_lazy("RFM")),
            (
                "insights.view",
                "insights:retention",
                "chart-line",
                gettext_lazy("Retention"),
            ),
            (
                "insights.view",
                "insights:metrics",
                "book-open",
                gettext_lazy("Metric catalogue"),
            ),
        ],
    ),
    (
        gettext_lazy("Run"),
        [
            ("imports.run", "imports:list", "file-up", gettext_lazy("Imports")),
            ("jobs.view", "jobs:list", "activity", gettext_lazy("Jobs")),
            (
                "settings.view",
                "settings:programme",
                "settings",
                gettext_lazy("Settings"),
            ),
        ],
    ),
]


def interface(request: HttpRequest) -> dict[str, Any]:
    """This is what every page knows. A request that was refused before anybody could
    be told from it (a host that is not ours) gets a page that needs nothing."""
    if not hasattr(request, "user"):
        return {}
    language = get_language() or settings.LANGUAGE_CODE
    other = "en" if language == "zh-hans" else "zh-hans"
    signed_in = request.user.is_authenticated
    at = clock.now()
    return {
        "shell": "app.html" if signed_in else "door.html",
        "theme": preferences.theme_of(request.COOKIES),
        "language": "zh-Hans" if language == "zh-hans" else "en",
        "other_language": other,
        "other_language_tag": "zh-Hans" if other == "zh-hans" else "en",
        "other_language_name": _OWN_NAMES[other],
        "here": request.get_full_path() if request.method == "GET" else request.path,
        "now": at,
        "programme": SimpleLazyObject(lambda: programme.settings_at(at=at)),
        "rail": SimpleLazyObject(lambda: rail(request)),
        "crumbs": [],
    }


def rail(request: HttpRequest) -> list[Group]:
    """This leaves out what the role may not see; nothing is shown and refused."""
    words: frozenset[str] = getattr(request.user, "words", frozenset())
    groups = []
    for heading, entries in _RAIL:
        items = [
            Item(
                str(text),
                url,
                icon,
                _is_current(request, url),
                _COUNTS[name](request) if name in _COUNTS else 0,
            )
            for word, name, icon, text in entries
            if word in words and (url := _address(name))
        ]
        if items:
            groups.append(Group(str(heading) if heading else "", items))
    return groups


def _waiting(request: HttpRequest) -> int:
    return inbox.waiting_for(user=cast(User, request.user))


# What stands behind an entry: how much there is to do.
_COUNTS: dict[str, Callable[[HttpRequest], int]] = {"inbox:tasks": _waiting}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path == url or (url != "/" and request.path.startswith(url))
