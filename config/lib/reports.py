"""Error reports to Sentry, where SENTRY_DSN is set."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk.types import Event

from config.lib.logging import masked


def configure(*, dsn: str | None, environment: str) -> None:
    """This sends errors with their frames, and nobody's data."""
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=without_personal_data,
    )


def without_personal_data(event: Event, hint: dict[str, Any]) -> Event:
    event.pop("breadcrumbs", None)
    request = event.get("request", {})
    for key in ("query_string", "cookies", "data", "headers", "env"):
        request.pop(key, None)
    for entry in event.get("exception", {}).get("values", []):
        if entry.get("value"):
            entry["value"] = masked(entry["value"].splitlines()[0])
    return event
