"""Logs as one JSON object a line, with request and task ids and no personal data."""

from __future__ import annotations

import logging
import re
import traceback
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

# A value of a member has no place in a log: addresses and long numbers are masked
# wherever they turn up, most often in the message of an exception.
PERSONAL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d[\d -]{6,}\d")
# Free text of the visitor, and more about their device than operations needs.
DROPPED: Final = ("user_agent", "ip")
# Asked every few seconds by machines; a failure is logged all the same.
PROBES: Final = ("GET /healthz", "GET /readyz", "GET /metrics")

# What django-structlog reads from settings.
DJANGO_STRUCTLOG: Final[dict[str, Any]] = {
    "DJANGO_STRUCTLOG_CELERY_ENABLED": True,
    "DJANGO_STRUCTLOG_IP_LOGGING_ENABLED": False,
    # One line a request: its end says all that its beginning does.
    "DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL": logging.DEBUG,
    "DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL": logging.INFO,
}


def settings(*, level: str = "INFO") -> dict[str, Any]:
    """This is Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
                "foreign_pre_chain": shared_processors(),
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The request log says it already, with its id.
            "django.request": {"level": "CRITICAL"},
            # Scanners ask for hosts of their own all day.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.server": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }


def configure() -> None:
    """This sets structlog up; call it once, from settings."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(exception_text),
        without_personal_data,
    ]


def without_personal_data(logger: Any, method: str, event: EventDict) -> EventDict:
    """This drops query strings and masks addresses and numbers."""
    for key in DROPPED:
        event.pop(key, None)
    request = event.get("request")
    if isinstance(request, str):
        event["request"] = request = request.partition("?")[0]
        if request in PROBES and event.get("code") == 200:
            raise structlog.DropEvent
    for key in ("event", "error", "reason", "request"):
        if isinstance(event.get(key), str):
            event[key] = masked(event[key])
    return event


def masked(text: str) -> str:
    return PERSONAL.sub("…", text)


def exception_text(exc_info: ExcInfo) -> str:
    """This is where it failed and the first line of why.

    PostgreSQL puts the offending row on the lines behind it.
    """
    kind, error, trace = exc_info
    lines = [*_frames(trace), f"{kind.__name__}: {masked(_first_line(error))}"]
    cause = error.__cause__ or error.__context__
    if cause is not None:
        lines.append(f"from {type(cause).__name__}: {masked(_first_line(cause))}")
    return "\n".join(lines)


def _frames(trace: TracebackType | None) -> list[str]:
    return [line.rstrip() for line in traceback.format_tb(trace)]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
