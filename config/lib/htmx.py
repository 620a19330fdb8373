"""What the views know of htmx, and how a refusal or a lost session reaches it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from config.lib.errors import DomainError

REFUSED = 422


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """This is a swap of a part; a boosted link or a history miss wants the page."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return bool(htmx) and not (
        htmx is None or htmx.boosted or htmx.history_restore_request
    )


def render_page_or_fragment(
    request: HttpRequest,
    template: str,
    fragment: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """This answers the page, or to htmx its `{% partialdef fragment %}` alone."""
    name = f"{template}#{fragment}" if wants_fragment(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def add_refusal(form: BaseForm, error: DomainError) -> None:
    """This puts a refusal beside its field, or above the form when it names none."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, str(error))


class EdgeMiddleware:
    """The one place where a DomainError nobody caught, or a lost session, is shown.

    What is shown to somebody signed in is his alone: no copy of it is kept on the way,
    or by the browser of a shared till.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            # PostgreSQL keeps no text with it, so nothing is known by it.
            raise BadRequest("a NUL in the address")
        response = self.get_response(request)
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        if known and "Cache-Control" not in response.headers:
            patch_cache_control(response, private=True, no_store=True)
        if wants_fragment(request):
            patch_vary_headers(response, ["HX-Request"])
            return self._sign_in_as_page(request, response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        fragment = wants_fragment(request)
        template = "components/refusal.html" if fragment else "422.html"
        response = render(request, template, {"error": exception}, status=REFUSED)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _sign_in_as_page(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """This keeps the sign-in page from being swapped into a part of another."""
        login = resolve_url(settings.LOGIN_URL)
        if not response.headers.get("Location", "").startswith(login):
            return response
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined] # by middleware
        back = htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
