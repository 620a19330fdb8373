"""A test client that refuses what a strict deployment would."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.db import connection
from django.test import Client

READS = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*\(*(SELECT|WITH|EXPLAIN|SAVEPOINT|RELEASE|ROLLBACK|SET|SHOW|DECLARE|FETCH|CLOSE)\b",
    re.I,
)
WRITES_INSIDE = re.compile(
    r"\b(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM)\b", re.I
)
# A session is the visitor's own state: reading a message marks it as read.
SESSION = re.compile(r'"?django_session"?', re.I)
INLINE = (
    (re.compile(r"<[^>]*\sstyle\s*=", re.I), "style attribute"),
    (re.compile(r"<style\b", re.I), "style element"),
    (re.compile(r"<script\b(?![^>]*\bsrc=)", re.I), "inline script"),
    (re.compile(r"<[^>]*\son[a-z]+\s*=", re.I), "inline handler"),
    (re.compile(r"<[^>]*\shx-on", re.I), "hx-on"),
    (re.compile(r"\{\{|\{%"), "template code"),
)


class GetWrote(AssertionError):
    pass


class InlineCode(AssertionError):
    pass


def refuse_writes(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
) -> Any:
    text = str(sql)
    if SESSION.search(text):
        return execute(sql, params, many, context)
    if not READS.match(text) or WRITES_INSIDE.search(text):
        raise GetWrote(f"a GET ran: {text[:200]}")
    return execute(sql, params, many, context)


class HostileClient(Client):
    """GET and HEAD cannot write; no answer carries inline style or script."""

    def request(self, **request: Any) -> Any:
        safe = request.get("REQUEST_METHOD", "GET") in {"GET", "HEAD", "OPTIONS"}
        guard = connection.execute_wrapper(refuse_writes) if safe else nullcontext()
        with guard:
            response = super().request(**request)
        check_inline(response)
        return response


def check_inline(response: Any) -> None:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    if not is_html or getattr(response, "streaming", False):
        return
    body = response.content.decode()
    for pattern, what in INLINE:
        found = pattern.search(body)
        if found:
            start = max(0, found.start() - 40)
            raise InlineCode(f"{what}: …{body[start : found.end() + 60]}…")
