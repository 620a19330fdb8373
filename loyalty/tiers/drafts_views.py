"""The tiers of a draft: who would move by them, and the form that changes them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.lib import clock, periods
from config.lib.errors import DomainError
from config.lib.ui import Crumb
from loyalty.tiers import preview
from loyalty.tiers.forms import SetForms, initial_of, refuse, told_of
from members.access.http import requires, user_of
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeDraft
from members.programme.rules import Settings
from members.settings import drafts
from members.settings.draft_forms import RevisionForm

REFUSED = 422


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def draft_page(request: HttpRequest, pk: int) -> HttpResponse:
    draft = _found(pk)
    if request.method == "POST":
        return change_draft(request, draft)
    settings = rules.parse(draft.settings)
    sets = SetForms(initial=initial_of(settings), prefix="sets")
    revision = RevisionForm(initial={"revision": draft.revision})
    return _page(request, draft, sets, revision, settings=settings)


@requires("settings.edit")
def change_draft(request: HttpRequest, draft: ProgrammeDraft) -> HttpResponse:
    """Show who would move by what was typed, or save it in the draft."""
    sets = SetForms(request.POST, prefix="sets")
    revision = RevisionForm(request.POST)
    settings = rules.parse(draft.settings)
    if not (sets.is_valid() and revision.is_valid()):
        return _page(request, draft, sets, revision, settings=settings, status=REFUSED)
    kept = told_of(sets)
    values = {"tier_sets": [one.told() for one in kept]}
    try:
        if request.POST.get("act") != "save":
            typed = rules.parse({**draft.settings, **values})
            return _page(request, draft, sets, revision, settings=typed)
        _save(request, draft, values, revision=revision.cleaned_data["revision"])
    except DomainError as refusal:
        refuse(kept, revision, refusal)
        return _page(request, draft, sets, revision, settings=settings, status=REFUSED)
    messages.success(request, _("Saved the draft."))
    return redirect("settings:draft", draft.pk)


def _save(
    request: HttpRequest,
    draft: ProgrammeDraft,
    values: dict[str, Any],
    *,
    revision: int,
) -> None:
    drafts.save(
        draft_id=draft.pk,
        revision=revision,
        title=draft.title,
        values=values,
        effective_from=draft.effective_from,
        note=draft.note,
        by=drafts.actor_of(user_of(request)),
        at=clock.now(),
    )


@requires("settings.view")
@require_GET
def draft_moves(request: HttpRequest, pk: int) -> HttpResponse:
    """The part the page of a draft asks for; without script a link leads to the whole."""
    settings = rules.parse(_found(pk).settings)
    return render(request, "tiers/moves.html", _moves(settings))


def _page(
    request: HttpRequest,
    draft: ProgrammeDraft,
    sets: Any,
    revision: forms.Form,
    *,
    settings: Settings,
    status: int = 200,
) -> HttpResponse:
    context = {
        "draft": draft,
        "forms": sets,
        "version": revision,
        "may_edit": "settings.edit" in user_of(request).words,
        "crumbs": [
            Crumb(_("Settings"), reverse("settings:programme")),
            Crumb(_("Versions"), reverse("settings:versions")),
            Crumb(draft.title, reverse("settings:draft", args=[draft.pk])),
            Crumb(_("Tiers")),
        ],
        **_moves(settings),
    }
    return render(request, "tiers/draft.html", context, status=status)


def _moves(settings: Settings) -> dict[str, Any]:
    now = clock.now()
    return {
        "moves": preview.beside(
            settings=settings, today=programme.settings_at(at=now), at=now
        ),
        "today": periods.day_of(now, settings.zone),
    }


def _found(pk: int) -> ProgrammeDraft:
    return get_object_or_404(ProgrammeDraft, pk=min(pk, 2**62))
