"""Settings → Accounts: the codes the journal of points is written with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.lib import clock
from config.lib.errors import DomainError
from members.access.http import requires, user_of
from members.programme import queries as programme
from members.programme.accounts import NAMES
from members.settings import services
from members.settings.frame import frame

REFUSED = 422
_WORDS = {
    "sales": gettext_lazy("Revenue of goods"),
    "deferred_revenue": gettext_lazy("Deferred revenue of points sold with goods"),
    "points_revenue": gettext_lazy("Revenue of points redeemed"),
    "estimate_revenue": gettext_lazy("Revenue as the estimate of redemption changes"),
    "points_cost": gettext_lazy("Cost of points given without a purchase"),
    "points_provision": gettext_lazy("Provision for points given"),
    "rewards": gettext_lazy("Given points redeemed"),
}


class AccountsForm(forms.Form):
    """A code for each; what is accepted stands in `members.programme.accounts`."""

    note = forms.CharField(
        label=gettext_lazy("Why this changes"), max_length=200, required=False
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {
            name: forms.CharField(label=_WORDS[name], max_length=30) for name in NAMES
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
            version = services.publish_programme(
                values={"accounts": {name: form.cleaned_data[name] for name in NAMES}},
                based_on=form.cleaned_data["based_on"],
                effective_from=at,
                note=form.cleaned_data["note"],
                by=user_of(request),
                at=at,
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            text = _("Published version %(number)s.") % {"number": version.number}
            messages.success(request, text)
            return redirect("settings:accounts")
    return _page(request, form, status=REFUSED)


def _refuse(form: AccountsForm, refusal: DomainError) -> None:
    name = (refusal.field or "").removeprefix("accounts.")
    form.add_error(name if name in form.fields else None, str(refusal))


def _page(
    request: HttpRequest, form: AccountsForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, **frame(request, "settings:accounts")}
    return render(request, "settings/accounts.html", context, status=status)
