"""The OpenAPI document: every operation says its errors, its scopes, its headers."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import problem
from members.api import once
from members.api.views import READS, Endpoint


class FieldErrorShape(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="The field, with dots into what is nested.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457. Refusals carry the numbers behind them as further members."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs; it stays the same for ever.")
    detail = serializers.CharField()
    errors = FieldErrorShape(many=True, required=False)  # type: ignore[assignment]  # a field, not the property


ALWAYS = {
    "400": "The input is not accepted.",
    "401": "No key, or one that is not valid.",
    "403": "The key lacks a scope.",
    "404": "There is nothing at this address.",
    "405": "The address has no such method.",
    "406": "Only JSON is served.",
    "429": "Too many requests this minute.",
}
WRITING = {
    "409": "A rule refuses it.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The time lies in the future, or the Idempotency-Key was used otherwise.",
}


class Described(AutoSchema):
    view: Any

    def get_operation_id(self) -> str:
        """The method and the address without what is filled in."""
        parts = [
            part.strip("{}")
            for part in self.path.removeprefix("/api/v1/").strip("/").split("/")
        ]
        return "_".join([self.method.lower(), *parts])

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]  # as the library's own
        words = super().get_description() or ""
        scopes = self.view.scopes.get(self.method, ())
        needed = " or ".join(f"`{scope}`" for scope in scopes)
        return f"{words}\n\nScope: {needed}.".strip() if scopes else words

    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST":
            return []
        return [
            OpenApiParameter(
                name=once.HEADER,
                type={"type": "string", "minLength": 1, "maxLength": once.KEY_LENGTH},
                location=OpenApiParameter.HEADER,
                description="The same key and request again is answered again, once done.",
            )
        ]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)  # type: ignore[arg-type]  # a literal the stubs name
        known = {**ALWAYS, **({} if self.method in READS else WRITING)}
        for status, words in known.items():
            answer = OpenApiResponse(ProblemShape, description=words)
            bodies[status] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                answer, status, [problem.MEDIA_TYPE], direction
            )
        return bodies


@cache
def document() -> dict[str, Any]:
    """Made once a process: the API does not change while it runs."""
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return found


class SchemaPage(Endpoint):
    """This document, for anybody."""

    public = True
    schema = None
    authentication_classes = ()
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        return Response(document())


__all__ = ["Described", "OpenApiTypes", "SchemaPage", "document"]
