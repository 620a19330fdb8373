from __future__ import annotations

import os
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry
from prometheus_client import generate_latest as written
from prometheus_client.multiprocess import MultiProcessCollector

from config.health import queries
from config.lib import clock

LOOPBACK = ("127.0.0.1", "::1")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: this process answers. It asks nobody else."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    found = queries.checks(at=clock.now())
    failing = [check.name for check in found if not check.ok]
    answer = {
        "ready": not failing,
        "failing": failing,
        "checks": {
            check.name: {"ok": check.ok, "detail": check.detail} for check in found
        },
    }
    return JsonResponse(answer, status=503 if failing else 200)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_watch(request):
        return HttpResponse("loopback or a token only\n", status=403)
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # has no types
    return HttpResponse(written(registry), content_type=CONTENT_TYPE_LATEST)


def _may_watch(request: HttpRequest) -> bool:
    """Behind a proxy everybody comes from loopback: then only the token counts."""
    token = settings.ENVIRONMENT.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token is not None and secrets.compare_digest(given.encode(), token.encode()):
        return True
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers)
    return not forwarded and request.META.get("REMOTE_ADDR") in LOOPBACK
