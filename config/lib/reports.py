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
        auto_session_tracking=False,
        before_send=without_personal_data,
    )


def without_personal_data(event: Event, hint: dict[str, Any]) -> Event:
    # The command line is among "extra", and holds whatever was typed.
    event.pop("breadcrumbs", None)
    event.pop("extra", None)
    event.pop("user", None)
    logged = event.pop("logentry", None)
    if logged:
        text = logged.get("formatted") or logged.get("message") or ""
        event["logentry"] = {"message": masked(str(text).split("\n", 1)[0])}
    request = event.get("request", {})
    for key in ("query_string", "cookies", "data", "headers", "env"):
        request.pop(key, None)
    for entry in event.get("exception", {}).get("values", []):
        if entry.get("value"):
            entry["value"] = masked(entry["value"].splitlines()[0])
    return event
