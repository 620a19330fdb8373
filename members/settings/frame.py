"""What all pages of settings have in common."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib.ui import Choice, Crumb
from members.access.http import user_of
from members.approvals.models import Approval
from members.settings.drafts import Published


def frame(request: HttpRequest, here: str, title: str = "") -> dict[str, Any]:
    """Return crumbs, tabs and what this person may do, as all settings pages have."""
    tabs = [
        ("settings:programme", _("Programme")),
        ("settings:points", _("Points")),
        ("settings:versions", _("Versions")),
        ("tiers:settings", _("Tiers")),
        ("settings:accounts", _("Accounts")),
        ("settings:people", _("People")),
        ("settings:stores", _("Stores")),
        ("settings:keys", _("API keys")),
    ]
    crumbs = [Crumb(_("Settings"), reverse("settings:programme"))]
    crumbs += [Crumb(text, reverse(n)) for n, text in tabs if n == here and title]
    crumbs.append(Crumb(title or next(text for n, text in tabs if n == here)))
    words = user_of(request).words
    return {
        "crumbs": crumbs,
        "tabs": [Choice(text, reverse(n), current=n == here) for n, text in tabs],
        "may_edit": "settings.edit" in words,
        "may_edit_people": "people.edit" in words,
        "may_edit_keys": "keys.edit" in words,
    }


def after_publishing(
    request: HttpRequest, published: Published, address: str
) -> HttpResponse:
    """Say what became of a version; one that lowers benefits waits in its draft."""
    if isinstance(published, Approval):
        text = _("This lowers benefits of members: a second person must agree first.")
        messages.info(request, text)
        return redirect("settings:draft", published.facts["draft"])
    text = _("Published version %(number)s.") % {"number": published.number}
    messages.success(request, text)
    return redirect(address)
