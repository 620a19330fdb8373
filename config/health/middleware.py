from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.lib import meters

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
Answer = Callable[[HttpRequest], HttpResponseBase]


def count_requests(get_response: Answer) -> Answer:
    """This counts and times requests by view, never by address: ids stay few."""

    def serve(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        match = request.resolver_match
        view = match.view_name if match else "unresolved"
        method = request.method if request.method in METHODS else "other"
        labels = {"method": method, "view": view}
        meters.REQUESTS.labels(**labels, status=response.status_code).inc()
        meters.REQUEST_SECONDS.labels(**labels).observe(seconds)
        return response

    return serve
