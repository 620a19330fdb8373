"""A client of the HTTP API as a till would write one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from members.access import keys, rules
from members.access.models import ApiKey
from tests import factories

ROOT = "/api/v1/"
OFTEN = 1_000_000


class Api:
    """One key. `at` is the test clock: set it, and the next request happens then."""

    def __init__(self, *scopes: str, at: str | datetime | None = None, **key: Any):
        key.setdefault("requests_per_minute", OFTEN)
        made = keys.create(
            name="till", scopes=scopes or rules.SCOPES, at=factories.AT, **key
        )
        self.key: ApiKey = made.key
        self.secret = made.secret
        self.at = at
        self.client = Client()

    def get(self, path: str, **query: Any):
        tail = f"?{urlencode(query)}" if query else ""
        return self._send("GET", path + tail, None, None)

    def post(self, path: str, body: Any = None, *, key: str | None = None):
        return self._send("POST", path, {} if body is None else body, key)

    def put(self, path: str, body: Any):
        return self._send("PUT", path, body, None)

    def patch(self, path: str, body: Any):
        return self._send("PATCH", path, body, None)

    def _send(self, method: str, path: str, body: Any, key: str | None):
        headers = {"Authorization": f"Bearer {self.secret}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if self.at is not None:
            at = self.at
            headers["Tern-Now"] = at.isoformat() if isinstance(at, datetime) else at
        raw = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(
            method,
            ROOT + path.removeprefix(ROOT),
            b"" if body is None else raw,
            content_type="application/json",
            headers=headers,
        )


def code(response: Any) -> tuple[int, str]:
    """How a request ended: its status and, where it was refused, why."""
    return response.status_code, response.json().get("code", "")


def errors(response: Any) -> list[tuple[str, str]]:
    """Which fields a 400 names, and what is wrong with each."""
    assert response.status_code == 400, response.content
    return [(one["field"], one["code"]) for one in response.json()["errors"]]
