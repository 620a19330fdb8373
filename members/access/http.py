"""The one gate in front of every view of staff."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from members.access import rules
from members.access.models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user; only for views behind `requires`."""
    return cast(User, request.user)


def requires(
    word: str,
) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[Concatenate[Any, P], R]]:
    """Let a view be seen only by holders of a permission word.

    Others who are signed in get 403 with the roles that hold it.
    """
    if word not in rules.WORDS:
        raise ValueError(f"unknown permission word {word!r}")

    def decorate(
        view: Callable[Concatenate[Any, P], R],
    ) -> Callable[Concatenate[Any, P], R]:
        @wraps(view)
        def guarded(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if word in user_of(request).words:
                return view(request, *args, **kwargs)
            context = {"roles_needed": rules.roles_with(word)}
            return render(request, "403.html", context, status=403)

        guarded.permission_word = word  # type: ignore[attr-defined]  # read by tests/architecture
        return cast(Callable[Concatenate[Any, P], R], login_required(guarded))

    return decorate
