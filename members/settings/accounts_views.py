"""Settings → Accounts: the codes the journal of points is written with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.lib import clock
from config.lib.errors import DomainError
from members.access.http import requires, user_of
from members.programme import queries as programme
from members.programme.accounts import LABELS, NAMES
from members.settings import drafts, services
from members.settings.frame import after_publishing, frame

REFUSED = 422


class AccountsForm(forms.Form):
    """A code for each; what is accepted stands in `members.programme.accounts`."""

    note = forms.CharField(
        label=gettext_lazy("Why this changes"), max_length=200, required=False
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {
            name: forms.CharField(label=LABELS[name], max_length=30) for name in NAMES
        }
        self.order_fields([*NAMES, "note", "based_on"])


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def accounts_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return publish_accounts(request)
    latest = programme.latest()
    initial = {**vars(latest.accounts), "based_on": latest.number}
    return _page(request, AccountsForm(initial=initial))


@requires("settings.edit")
def publish_accounts(request: HttpRequest) -> HttpResponse:
    form = AccountsForm(request.POST)
    if form.is_valid():
        at = clock.now()
        try:
            published = services.publish_programme(
                values={"accounts": {name: form.cleaned_data[name] for name in NAMES}},
                based_on=form.cleaned_data["based_on"],
                effective_from=at,
                note=form.cleaned_data["note"],
                by=drafts.actor_of(user_of(request)),
                at=at,
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            return after_publishing(request, published, "settings:accounts")
    return _page(request, form, status=REFUSED)


def _refuse(form: AccountsForm, refusal: DomainError) -> None:
    name = (refusal.field or "").removeprefix("accounts.")
    form.add_error(name if name in form.fields else None, str(refusal))


def _page(
    request: HttpRequest, form: AccountsForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, **frame(request, "settings:accounts")}
    return render(request, "settings/accounts.html", context, status=status)
