"""Theme and language: plain posts that go back to where they were asked."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from config.preferences import rules, services
from config.preferences.forms import LanguageForm, ThemeForm
from members.access.models import User


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    response = back(request)
    keep(response, rules.THEME_COOKIE, form.cleaned_data["theme"])
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    chosen = form.cleaned_data["language"]
    response = back(request)
    keep(response, settings.LANGUAGE_COOKIE_NAME, chosen)
    if isinstance(request.user, User):
        services.remember_language(user=request.user, language=chosen)
    return response


def back(request: HttpRequest) -> HttpResponse:
    """This goes to `next` if it is ours, else home: no open redirect."""
    to = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(
        to, allowed_hosts=hosts, require_https=request.is_secure()
    )
    return HttpResponseRedirect(to if safe else "/")


def keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=rules.A_YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
