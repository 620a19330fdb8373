"""Settings, Versions: drafts on their way, what each version changed, and rolling back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from config.lib import clock, periods
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal, render_page_or_fragment
from members.access.http import requires, user_of
from members.programme import queries as programme
from members.programme import rules, wording_staff
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft
from members.settings import drafts, versions
from members.settings.draft_forms import DraftForm, NewDraftForm, RevisionForm
from members.settings.frame import after_publishing, frame
from members.settings.points_forms import initial_of
from members.settings.points_views import begins_on

REFUSED = 422


@requires("settings.view")
@require_GET
def versions_page(request: HttpRequest) -> HttpResponse:
    """Drafts first, then every version with who, when, why and what it changed."""
    return _versions_page(request, NewDraftForm())


def _versions_page(
    request: HttpRequest, form: NewDraftForm, *, status: int = 200
) -> HttpResponse:
    place = request.GET.get("before", "")
    before = int(place) if place.isascii() and place.isdigit() else None
    found = versions.history(
        at=clock.now(),
        language=_language(),
        before=min(before, 2**31 - 1) if before else None,
    )
    context = {
        "form": form,
        "drafts": versions.open_drafts(),
        "history": found,
        "older": f"?before={found.older}" if found.older else "",
        "newest": "?" if before else "",
        **frame(request, "settings:versions"),
    }
    return render_page_or_fragment(
        request, "settings/versions.html", "history", context, status=status
    )


@requires("settings.edit")
@require_POST
def draft_new(request: HttpRequest) -> HttpResponse:
    form = NewDraftForm(request.POST)
    if not form.is_valid():
        return _versions_page(request, form, status=REFUSED)
    draft = drafts.make(
        title=form.cleaned_data["title"],
        values={},
        effective_from=None,
        note="",
        by=_actor(request),
        at=clock.now(),
    )
    return redirect("settings:draft_edit", draft.pk)


@requires("settings.view")
@require_GET
def draft_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _draft_page(request, _found(pk), RevisionForm())


def _draft_page(
    request: HttpRequest, draft: ProgrammeDraft, form: forms.Form
) -> HttpResponse:
    shown = versions.preview(draft=draft, at=clock.now(), language=_language())
    context = {
        "preview": shown,
        "refusals": form.non_field_errors() if form.is_bound else [],
        "may_decide": versions.may_decide(draft=draft, actor=_actor(request)),
        **frame(request, "settings:versions", draft.title),
    }
    status = REFUSED if form.errors else 200
    return render(request, "settings/draft.html", context, status=status)


@requires("settings.edit")
@require_http_methods(["GET", "POST"])
def draft_edit(request: HttpRequest, pk: int) -> HttpResponse:
    draft = _found(pk)
    if draft.state != DraftState.OPEN:
        messages.info(request, str(drafts.DraftClosed()))
        return redirect("settings:draft", pk)
    if request.method == "GET":
        return _edit_page(request, draft, DraftForm(initial=_initial(draft)))
    form = DraftForm(request.POST)
    if form.is_valid():
        try:
            _save(request, draft, form)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved the draft."))
            return redirect("settings:draft", pk)
    return _edit_page(request, draft, form, status=REFUSED)


def _save(request: HttpRequest, draft: ProgrammeDraft, form: DraftForm) -> None:
    told = form.cleaned_data
    at = clock.now()
    begins = begins_on(told["effective_on"], at=at)
    kept = draft.effective_from
    # A moment that the API set stays while its day does.
    if kept and told["effective_on"] == _initial(draft)["effective_on"]:
        begins = kept
    drafts.save(
        draft_id=draft.pk,
        revision=told["revision"],
        title=told["title"],
        values=form.settings(),
        effective_from=begins,
        note=told["note"],
        by=_actor(request),
        at=at,
    )


def _initial(draft: ProgrammeDraft) -> dict[str, Any]:
    settings = rules.parse(draft.settings)
    begins = draft.effective_from
    return {
        **initial_of(settings),
        "title": draft.title,
        "note": draft.note,
        "effective_on": begins and periods.day_of(begins, settings.zone),
        "revision": draft.revision,
    }


def _edit_page(
    request: HttpRequest, draft: ProgrammeDraft, form: DraftForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "draft": draft,
        **frame(request, "settings:versions", draft.title),
    }
    return render(request, "settings/draft_edit.html", context, status=status)


@requires("settings.edit")
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a draft, or send it to a second person if it lowers benefits."""
    draft = _found(pk)
    form = RevisionForm(request.POST)
    if form.is_valid():
        try:
            published = drafts.publish(
                draft_id=pk,
                revision=form.cleaned_data["revision"],
                by=_actor(request),
                at=clock.now(),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return after_publishing(request, published, "settings:versions")
    return _draft_page(request, draft, form)


@requires("settings.edit")
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, drafts.discard, _("Discarded the draft."), "versions")


@requires("settings.edit")
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    text = _("Taken back from the second person; it can be changed again.")
    return _act(request, pk, drafts.withdraw, text, "draft")


@requires("settings.edit")
@require_POST
def update(request: HttpRequest, pk: int) -> HttpResponse:
    text = _("The draft now builds on the latest version.")
    return _act(request, pk, drafts.bring_up_to_date, text, "draft")


def _act(
    request: HttpRequest, pk: int, act: Callable[..., Any], said: str, back: str
) -> HttpResponse:
    draft = _found(pk)
    form = RevisionForm({"revision": draft.revision})
    form.is_valid()
    try:
        act(draft_id=pk, by=_actor(request), at=clock.now())
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _draft_page(request, draft, form)
    messages.success(request, said)
    if back == "versions":
        return redirect("settings:versions")
    return redirect("settings:draft", pk)


@requires("settings.edit")
@require_POST
def roll_back(request: HttpRequest, number: int) -> HttpResponse:
    """Draft a version equal to an old one; it is published like any other."""
    if not programme.versions().filter(number=min(number, 2**31 - 1)).exists():
        raise Http404
    title = _("As version %(number)s") % {"number": number}
    draft = drafts.roll_back(
        number=number, title=title, by=_actor(request), at=clock.now()
    )
    return redirect("settings:draft", draft.pk)


@requires("settings.view")
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Two versions or drafts side by side, in words."""
    left = versions.side(request.GET.get("left", ""))
    right = versions.side(request.GET.get("right", ""))
    if left is None or right is None:
        raise Http404
    language = _language()
    context = {
        "left": left,
        "right": right,
        "changes": wording_staff.all_changes(
            left.settings, right.settings, language=language
        ),
        "falls": drafts.losses(
            before=left.settings,
            after=right.settings,
            begins=clock.now(),
            language=language,
        ),
        **frame(request, "settings:versions", _("Comparison")),
    }
    return render(request, "settings/compare.html", context)


def _found(pk: int) -> ProgrammeDraft:
    rows = ProgrammeDraft.objects.select_related("version", "approval")
    return get_object_or_404(rows, pk=min(pk, 2**62))


def _actor(request: HttpRequest) -> str:
    return drafts.actor_of(user_of(request))


def _language() -> str:
    return get_language() or "en"
