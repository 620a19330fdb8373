"""The product's addresses, and views that do nothing as every endpoint does it."""

from __future__ import annotations

from typing import ClassVar

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from config.urls import *  # noqa: F403  the product's addresses and handlers
from config.urls import urlpatterns as products
from members.api.views import Endpoint


class Empty(Endpoint):
    """Key, scope, limit and headers as everywhere; GET opens no transaction."""

    scopes: ClassVar = {"GET": ("points:write",), "POST": ("points:write",)}
    schema = None

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({}, status=201)


urlpatterns = [
    path("", include([path("api/v1/bench-empty/", Empty.as_view())])),
    *products,
]
