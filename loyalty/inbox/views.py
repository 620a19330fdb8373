"""Tasks: what waits for a second person, and what went wrong and needs somebody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.lib import clock
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal, render_page_or_fragment
from config.lib.ui import Crumb
from loyalty.inbox import queries
from loyalty.inbox import services as inbox
from loyalty.inbox.forms import ApproveForm, RejectForm
from loyalty.liability import queries as liability
from loyalty.points.views import actor_of, offer_undo, said
from members.access import queries as access
from members.access.http import requires, user_of
from members.access.models import User
from members.approvals import kinds, services
from members.approvals.enums import ApprovalState
from members.approvals.models import Approval
from members.jobs import queries as jobs
from members.programme import refresh

REFUSED = 422
MOST = 10
# How long a failure stands here before it is history.
ATTENTION = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A request as somebody sees it; `reason_not` says why they cannot decide it."""

    request: Approval
    title: str
    author: str
    decided_by: str
    may_decide: bool
    reason_not: str


@requires("tasks.view")
@require_GET
def tasks_page(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    at = clock.now()
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() else None
    pending = queries.pending(user=user)
    decided = queries.decided(user=user, before=min(place, 2**62) if place else None)
    names = _names([*pending.requests, *decided.requests])
    since = at - ATTENTION
    context: dict[str, Any] = {
        "crumbs": [Crumb(_("Tasks"))],
        "pending": [_task(one, user, names) for one in pending.requests],
        "more_pending": pending.after is not None,
        "decided": [_task(one, user, names) for one in decided.requests],
        "older": f"?before={decided.after}" if decided.after else "",
        "newest": reverse("inbox:tasks") if place else "",
        "failed": None,
        "refused": None,
        "reminders": [],
        "not_closing": None,
    }
    if "settings.view" in user.words:
        context["reminders"] = _reminders()
        context["may_edit"] = "settings.edit" in user.words
    if "liability.view" in user.words and not access.store_scope(user=user):
        run = liability.latest_run()
        context["not_closing"] = run if run is not None and not run.closes else None
    if "jobs.view" in user.words:
        context["failed"] = jobs.failed_since(at=since)[:MOST]
    if "points.approve" in user.words and not access.store_scope(user=user):
        context["refused"] = queries.refused_refunds()[:MOST]
    return render_page_or_fragment(request, "inbox/tasks.html", "decided", context)


def _reminders() -> list[dict[str, Any]]:
    return [
        {
            "id": one.pk,
            "rule": refresh.RULES.get(one.facts["rule"], one.facts["rule"]),
            "day": date.fromisoformat(one.facts["day"]),
            "raised_at": one.raised_at,
        }
        for one in queries.reminders()[:MOST]
    ]


@requires("settings.edit")
@require_POST
def reminder_done(request: HttpRequest, pk: int) -> HttpResponse:
    if inbox.done(reminder_id=min(pk, 2**62), by=actor_of(request), at=clock.now()):
        messages.success(request, _("Done; the rule stays as it is."))
    return redirect("inbox:tasks")


@requires("tasks.view")
@require_GET
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One request with its facts, to approve it or to reject it with a reason."""
    return _request_page(request, _found(request, pk), RejectForm())


def _request_page(
    request: HttpRequest, approval: Approval, form: forms.Form
) -> HttpResponse:
    user = user_of(request)
    title = str(kinds.named(approval.kind).title)
    approving = not isinstance(form, RejectForm)
    context = {
        "crumbs": [Crumb(_("Tasks"), reverse("inbox:tasks")), Crumb(title)],
        "task": _task(approval, user, _names([approval])),
        "refusals": form.non_field_errors() if form.is_bound else [],
        "form": RejectForm() if approving else form,
    }
    status = REFUSED if form.errors else 200
    return render(request, "inbox/request.html", context, status=status)


@requires("tasks.view")
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what was asked for; what is refused stays pending and says why."""
    approval = _to_decide(request, pk)
    form = ApproveForm(request.POST)
    form.is_valid()
    try:
        decision = services.approve(
            approval_id=approval.pk, by=actor_of(request), at=clock.now()
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _request_page(request, approval, form)
    _tell_approved(request, decision)
    return redirect("inbox:tasks")


def _tell_approved(request: HttpRequest, decision: services.Decision) -> None:
    approval = decision.approval
    words = {"what": str(kinds.named(approval.kind).title), "who": _about(approval)}
    if decision.replayed:
        messages.info(request, _("%(what)s, %(who)s: was approved before.") % words)
        return
    text = _("%(what)s, %(who)s: approved.") % words
    entry = ((approval.result or {}).get("entry") or {}).get("id")
    may = "points.adjust" in user_of(request).words
    if entry and may and approval.kind == "adjustment":
        offer_undo(request, text, approval.facts["number"], entry)
    else:
        messages.success(request, text)


def _about(approval: Approval) -> str:
    number, points = approval.facts.get("number"), approval.facts.get("points")
    if number and points:
        return f"{number} ({said(points)})"
    return str(approval.facts.get("title") or approval.pk)


@requires("tasks.view")
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    approval = _to_decide(request, pk)
    form = RejectForm(request.POST)
    if form.is_valid():
        try:
            services.reject(
                approval_id=approval.pk,
                by=actor_of(request),
                at=clock.now(),
                reason=form.cleaned_data["reason"],
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            words = {
                "what": str(kinds.named(approval.kind).title),
                "who": _about(approval),
            }
            messages.success(request, _("%(what)s, %(who)s: rejected.") % words)
            return redirect("inbox:tasks")
    return _request_page(request, approval, form)


def _found(request: HttpRequest, pk: int) -> Approval:
    rows = queries.requests(user=user_of(request))
    return get_object_or_404(rows, pk=min(pk, 2**62))


def _to_decide(request: HttpRequest, pk: int) -> Approval:
    """A request this person's words let them decide; their own is refused by name."""
    rows = queries.requests(user=user_of(request))
    mine = queries.deciding(user_of(request))
    return get_object_or_404(rows.filter(kind__in=mine), pk=min(pk, 2**62))


def _names(requests: Iterable[Approval]) -> dict[str, str]:
    actors = {name for one in requests for name in (one.author, one.decided_by)}
    return access.names_of(actors=actors)


def _task(approval: Approval, user: User, names: dict[str, str]) -> Task:
    own = approval.author == f"user:{user.pk}"
    kind = kinds.named(approval.kind)
    able = approval.kind in queries.deciding(user)
    reason = ""
    if own:
        reason = _("You asked for this yourself; somebody else must decide.")
    elif not able:
        reason = _("Your role does not decide this.")
    return Task(
        request=approval,
        title=str(kind.title),
        author=names.get(approval.author, approval.author),
        decided_by=names.get(approval.decided_by, approval.decided_by),
        may_decide=approval.state == ApprovalState.PENDING and able and not own,
        reason_not=reason,
    )
