from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.lib import clock, periods
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal
from members.access import queries as access
from members.access.http import requires, user_of
from members.access.keys import Made
from members.access.models import ApiKey
from members.programme import queries as programme
from members.settings import services
from members.settings.frame import frame
from members.settings.keys_forms import KeyForm

REFUSED = 422
# Of the session: the forms that have made a key.
SENT, MOST_SENT = "keys_made", 20


@requires("settings.view")
@require_GET
def keys_page(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    context = {
        "keys": [(key, _state(key, at)) for key in access.api_keys()],
        **frame(request, "settings:keys"),
    }
    return render(request, "settings/keys.html", context)


@requires("keys.edit")
@never_cache
@require_http_methods(["GET", "POST"])
def key_new(request: HttpRequest) -> HttpResponse:
    """The answer to the form holds the key: nobody can ask for it a second time."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _once(form) in request.session.get(SENT, ()):
            messages.info(request, _("This key was made; it is shown only once."))
            return redirect("settings:keys")
        try:
            made = _make(request, form)
        except DomainError as refusal:
            field = {"expires_at": "expires_on"}.get(refusal.field or "")
            if field:
                form.add_error(field, str(refusal))
            else:
                add_refusal(form, refusal)
        else:
            _remember(request, form)
            context = {
                "made": made,
                **frame(request, "settings:keys", made.key.name),
            }
            return render(request, "settings/key_made.html", context, status=201)
    title = _("Make a key")
    context = {"form": form, "title": title, **frame(request, "settings:keys", title)}
    status = REFUSED if form.errors else 200
    return render(request, "settings/key_new.html", context, status=status)


@requires("keys.edit")
@require_POST
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(access.api_keys(), pk=pk)
    services.revoke_key(key=key, by=user_of(request), at=clock.now())
    messages.success(request, _("Revoked the key %(name)s.") % {"name": key})
    return redirect("settings:keys")


def _once(form: KeyForm) -> str:
    """The form's own number; one that a program sends may have none."""
    return str(form.cleaned_data["once"] or uuid4())


def _remember(request: HttpRequest, form: KeyForm) -> None:
    sent = [*request.session.get(SENT, ()), _once(form)]
    request.session[SENT] = sent[-MOST_SENT:]


def _state(key: ApiKey, at: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= at:
        return "expired"
    return "active"


def _make(request: HttpRequest, form: KeyForm) -> Made:
    at = clock.now()
    told = dict(form.cleaned_data)
    last = told.pop("expires_on")
    del told["once"]
    zone = programme.settings_at(at=at).zone
    return services.make_key(
        **told,
        expires_at=periods.day_end(last, zone) if last else None,
        by=user_of(request),
        at=at,
    )
