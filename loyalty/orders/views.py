from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib import clock
from config.lib.ui import Crumb
from loyalty.orders import history
from loyalty.orders.forms import PeriodForm
from loyalty.orders.history import BadPeriod, Period
from members.access.http import requires, user_of
from members.jobs import tasks as jobs

REFUSED = 422


@requires("settings.edit")
@require_http_methods(["GET", "POST"])
def apply_page(request: HttpRequest) -> HttpResponse:
    """Says how many orders have not earned, and starts the work when that is wanted."""
    form = PeriodForm(request.POST if request.method == "POST" else request.GET)
    period = _period(form)
    if request.method == "POST" and period is not None:
        job = history.request(period=period, by=user_of(request), at=clock.now())
        jobs.enqueue(job)
        return redirect("jobs:detail", job.pk)
    title = _("Apply to history")
    context = {
        "form": form,
        "title": title,
        "waiting": None if period is None else history.waiting(period=period),
        "crumbs": [
            Crumb(_("Settings"), reverse("settings:programme")),
            Crumb(_("Points"), reverse("settings:points")),
            Crumb(title),
        ],
    }
    status = 200 if period is not None else REFUSED
    return render(request, "points/history.html", context, status=status)


def _period(form: PeriodForm) -> Period | None:
    if not form.is_valid():
        return None
    try:
        return Period(**form.cleaned_data)
    except BadPeriod as refusal:
        form.add_error("first", str(refusal))
        return None
