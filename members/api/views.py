"""The base of every endpoint of the HTTP API.

To add one:

1. Write `class Things(Endpoint)` in your feature's `api.py`. `scopes` names, for each
   method, the scopes of which a key needs one; the first is named in the refusal.
2. Methods take `self.body(Serializer)` or `self.query(Serializer)`, both of `Body`
   (`members.api.fields`), call one service with `self.actor` and `self.now`, and return
   `Response(data, status=…)`. Raise `DomainError` to refuse, `Http404` for what is not
   there, `InvalidInput` (`config.lib.problem`) for a field only the database can judge.
   Transactions, Idempotency-Key, limits, errors and headers are this class's work:
   open no transaction, catch no refusal.
3. Put `@extend_schema(request=…, responses={201: …})` on each method; the answers for
   errors are added by `members.api.schema`.
4. List the address in `config/api_urls.py`.

A business key (`external_id`, `reference`) met again with the same payload is 200 with
the first result, with another one it is a `DomainError`; that is the service's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib import clock
from config.lib.db import trust_if_quiet
from members.api import once
from members.api.authentication import Caller
from members.api.limits import Rate

READS = ("GET", "HEAD")


class Endpoint(APIView):
    """See the module for how to make one."""

    scopes: ClassVar[Mapping[str, Sequence[str]]] = {}
    public: ClassVar[bool] = False
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    # Set by the throttle; None before it ran.
    rate: Rate | None = None

    @property
    def caller(self) -> Caller:
        return self.request.user  # type: ignore[return-value]  # BearerKey puts it there

    @property
    def actor(self) -> str:
        return self.caller.actor

    @cached_property
    def now(self) -> datetime:
        """One moment for the whole request."""
        return clock.now()

    def body(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        return _checked(kind, self.request.data)

    def query(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        return _checked(kind, self.request.query_params.dict())

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """As the framework's, but what writes runs in one transaction, once."""
        self.args, self.kwargs = args, kwargs
        self.request = asked = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        response: Any
        try:
            self.initial(asked, *args, **kwargs)
            response = self._act(asked, self._handler(asked), args, kwargs)
        except Exception as error:  # noqa: BLE001  the handler raises what is no answer
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.rate.headers if self.rate else {}).items():
            final[name] = value
        final["Cache-Control"] = "no-store"
        return final

    def _handler(self, request: Request) -> Callable[..., Response]:
        name = (request.method or "").lower()
        handler: Callable[..., Response] = self.http_method_not_allowed
        if name in self.http_method_names:
            handler = getattr(self, name, handler)
        return handler

    def _act(
        self,
        request: Request,
        handler: Callable[..., Response],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        work = partial(handler, request, *args, **kwargs)
        if request.method in READS or self.public:
            return work()
        trust_if_quiet()
        # Read whole before it is parsed: the digest is of the bytes, and Django bounds them.
        _ = request._request.body
        if request.method == "POST":
            return once.answered(
                request=request, work=work, actor=self.actor, at=self.now
            )
        with transaction.atomic():
            return work()


_forms = threading.local()


def _checked(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """What a form makes of data. Each thread makes a form once: it copies every field of
    it, which takes longer than reading most bodies."""
    forms: dict[type, serializers.Serializer[Any]] = vars(_forms).setdefault("made", {})
    form = forms.get(kind) or forms.setdefault(kind, kind())
    try:
        return dict(form.run_validation(data))
    except serializers.ValidationError:
        # Again from the start, for the errors as the framework words them.
        refusing = kind(data=data)
        refusing.is_valid(raise_exception=True)
        return dict(refusing.validated_data)


class Nothing(Endpoint):
    """Any address that is not one: a problem, not a page."""

    public = True
    schema = None
    throttle_classes = ()
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound()
