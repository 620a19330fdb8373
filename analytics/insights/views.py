from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from analytics.insights import (
    catalogue,
    desk,
    overview,
    queries,
    retention,
    rules,
    scores,
    wording,
)
from analytics.insights.forms import PeriodForm, RetentionForm, ScoresForm
from analytics.insights.queries import Standpoint
from config.lib import clock
from config.lib.htmx import render_page_or_fragment
from config.lib.ui import Crumb
from members.access import queries as access
from members.access.http import requires, user_of


@requires("overview.view")
@require_GET
def overview_page(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    language = get_language() or settings.LANGUAGE_CODE
    context: dict[str, Any] = {
        "crumbs": [Crumb(_("Overview"))],
        "desk": desk.of(user=user, at=clock.now(), language=language),
    }
    if "insights.view" not in user.words:
        return render(request, "insights/desk.html", context)
    at = queries.standpoint(stores=access.store_scope(user=user))
    context["at"] = at
    if at is not None:
        days = PeriodForm(request.GET).chosen()
        context |= overview.page(at=at, days=days)
    return render_page_or_fragment(request, "insights/overview.html", "page", context)


@requires("insights.view")
@require_GET
def rfm_page(request: HttpRequest) -> HttpResponse:
    at = _standpoint(request)
    form = ScoresForm(request.GET)
    context: dict[str, Any] = {"crumbs": [Crumb(_("RFM"))], "form": form, "at": at}
    if not form.is_valid():
        context["at"] = None
        return render(request, "insights/rfm.html", context, status=400)
    if at is not None:
        asked = form.asked(settings=at.settings)
        context |= scores.page(at=at, asked=asked)
    return render_page_or_fragment(request, "insights/rfm.html", "page", context)


@requires("insights.view")
@require_GET
def retention_page(request: HttpRequest) -> HttpResponse:
    at = _standpoint(request)
    context: dict[str, Any] = {
        "crumbs": [Crumb(_("Retention"))],
        "at": at,
        "asked": None,
    }
    if at is None:
        return render(request, "insights/retention.html", context)
    said = wording.voice(at.settings)
    ends = [(day, said.day(day)) for day in rules.month_ends(as_of=at.as_of)]
    usual = {"days": at.settings.active_days, "until": ends[0][0].isoformat()}
    given = {
        name: request.GET[name]
        for name in ("days", "until", "back")
        if name in request.GET
    }
    form = RetentionForm({"back": 1, **usual, **given}, ends=ends)
    context["form"] = form
    if not form.is_valid():
        return render(request, "insights/retention.html", context, status=400)
    context |= retention.page(at=at, asked=form.asked(), said=said)
    return render_page_or_fragment(request, "insights/retention.html", "page", context)


@requires("insights.view")
@require_GET
def metrics_page(request: HttpRequest) -> HttpResponse:
    at = _standpoint(request)
    said = wording.voice(at.settings) if at else None
    found = queries.answers(at=at, asks=catalogue.asks()) if at else {}
    context: dict[str, Any] = {
        "crumbs": [Crumb(_("Metric catalogue"))],
        "entries": catalogue.entries(found, said),
    }
    return render(request, "insights/metrics.html", context)


def _standpoint(request: HttpRequest) -> Standpoint | None:
    return queries.standpoint(stores=access.store_scope(user=user_of(request)))
