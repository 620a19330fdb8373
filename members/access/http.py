"""The one gate in front of every view of staff."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members.access import rules
from members.access.models import User

P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponse]


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user; only for views behind `requires`."""
    return cast(User, request.user)


def requires(word: str) -> Callable[[View[P]], View[P]]:
    """Let a view be seen only by holders of a permission word.

    Others who are signed in get 403 with the roles that hold it.
    """
    if word not in rules.WORDS:
        raise ValueError(f"unknown permission word {word!r}")

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            if word in user_of(request).words:
                return view(request, *args, **kwargs)
            context = {"roles_needed": rules.roles_with(word)}
            return render(request, "403.html", context, status=403)

        guarded.permission_word = word  # type: ignore[attr-defined]  # read by tests/architecture
        return cast(View[P], login_required(guarded))

    return decorate
