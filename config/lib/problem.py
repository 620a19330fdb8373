"""Errors of the API as RFC 9457 problems: the one place where they get their shape.

A refused rule is 409 with the `code` of its `DomainError`, input that is not accepted
is 400 with `errors: [{field, code, detail}]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from config.lib.errors import DomainError

MEDIA_TYPE = "application/problem+json"
API = "/api/"

# Refusals that are not 409: the request could not be right at any time, or not yet.
STATUS_OF: dict[str, int] = {
    "future": 422,
    "idempotency_mismatch": 422,
    "invalid_setting": 400,
    "unknown_store": 400,
}


class InvalidInput(exceptions.APIException):
    """Input a serializer could not judge by itself, with the field at fault."""

    status_code = 400
    default_code = "invalid"

    def __init__(self, *, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.errors = [{"field": field, "code": code, "detail": detail}]


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """This is DRF's exception handler; None lets a fault be logged and become 500."""
    body = body_of(error)
    if body is None:
        return None
    response = Response(body, status=body["status"], content_type=MEDIA_TYPE)
    for name, value in _headers(error).items():
        response[name] = value
    return response


def body_of(error: Exception) -> dict[str, Any] | None:
    if isinstance(error, DomainError):
        return _refusal(error)
    if isinstance(error, exceptions.ValidationError):
        return _invalid(list(_flat(error.detail)))
    if isinstance(error, InvalidInput):
        return _invalid(error.errors)
    if isinstance(error, Http404):
        return problem(404, "not_found", _("There is nothing at this address."))
    if isinstance(error, PermissionDenied):
        return problem(403, "permission_denied", str(error))
    if isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", _("The body is too large."))
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    return None


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This is Django's handler400: a host that is not ours, a form too large."""
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    body = problem(400, "bad_request", _("The request cannot be read."))
    return JsonResponse(body, status=400, content_type=MEDIA_TYPE)


def server_error(request: HttpRequest) -> HttpResponse:
    """This is Django's handler500: the page for people, a problem for programs."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    body = problem(500, "server_error", _("Something went wrong here, not with you."))
    return JsonResponse(body, status=500, content_type=MEDIA_TYPE)


def _refusal(error: DomainError) -> dict[str, Any]:
    status = STATUS_OF.get(error.code, 409)
    detail = str(error)
    if status == 400:
        field = error.field or ""
        return _invalid([{"field": field, "code": error.code, "detail": detail}])
    facts = dict(getattr(error, "facts", {}))
    if error.field is not None:
        facts.setdefault("field", error.field)
    return problem(status, error.code, detail, **_apart(facts))


def _apart(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A fact never takes the place of a member RFC 9457 gives a meaning."""
    taken = {"type", "title", "status", "code", "detail", "instance"}
    return {name: value for name, value in facts.items() if name not in taken}


def _invalid(errors: list[dict[str, str]]) -> dict[str, Any]:
    detail = _("The input is not accepted; see errors.")
    return problem(400, "invalid", detail, errors=errors)


def _flat(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Errors of nested serializers, each with the path to its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}".strip(".")
            yield from _flat(inner, here)
    elif isinstance(detail, list):
        for n, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            if not nested or inner:
                yield from _flat(inner, f"{path}.{n}".strip(".") if nested else path)
    else:
        code = str(getattr(detail, "code", "invalid"))
        yield {"field": path, "code": code, "detail": str(detail)}


def _from_framework(error: exceptions.APIException) -> dict[str, Any]:
    code = str(getattr(error.detail, "code", error.default_code))
    more = dict(getattr(error, "facts", {}))
    return problem(error.status_code, code, str(error.detail), **more)


def _headers(error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None) or getattr(error, "retry_after", None)
    if wait:
        headers["Retry-After"] = str(int(wait))
    return headers
