from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analytics.directory import behind, presentation, profile, queries
from analytics.directory.forms import ListingForm
from analytics.directory.queries import Reach
from analytics.directory.rules import Listing
from analytics.values.models import ValueRun
from config.lib import clock
from config.lib.htmx import render_page_or_fragment
from config.lib.ui import Crumb
from members.access import queries as access
from members.access.http import requires, user_of
from members.access.models import User
from members.programme import queries as programme

TEMPLATE = "directory/members.html"


@requires("members.view")
@require_http_methods(["GET"])
def members_page(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    store_ids = access.store_scope(user=user)
    tier_sets = programme.settings_at(at=clock.now()).tier_sets
    form = ListingForm(request.GET, store_ids=store_ids, tier_sets=tier_sets)
    context: dict[str, Any] = {"form": form, "crumbs": [Crumb(_("Members"))]}
    if not form.is_valid():
        return render(request, TEMPLATE, {**context, "list": None}, status=400)
    listing = form.listing()
    reach = Reach(store_ids=store_ids, ids=_ids_behind(listing, user))
    context["list"] = presentation.member_list(
        request=request,
        listing=listing,
        page=queries.page(listing=listing, reach=reach),
        count=queries.count(listing=listing, reach=reach),
        run=ValueRun.objects.current().first(),
        stores=form.fields["store"].queryset,  # type: ignore[attr-defined]  # a ModelChoiceField
        tier_sets=tier_sets,
    )
    return render_page_or_fragment(request, TEMPLATE, "results", context)


def _ids_behind(listing: Listing, user: User) -> list[int] | None:
    if listing.behind is None:
        return None
    stores = access.store_scope(user=user)
    return behind.member_ids(asked=listing.behind, stores=stores, at=clock.now())


@requires("members.view")
@require_http_methods(["GET"])
def member_page(request: HttpRequest, number: str) -> HttpResponse:
    user = user_of(request)
    store_ids = access.store_scope(user=user)
    member = get_object_or_404(profile.members(store_ids=store_ids), number=number)
    before = profile.place_of(request.GET.get("before", ""))
    context = {
        "crumbs": [Crumb(_("Members"), presentation.list_url()), Crumb(str(member))],
        "member": member,
        "timeline": profile.timeline(member=member, store_ids=store_ids, before=before),
        "limited": store_ids is not None,
        "may_see_contact": "members.edit" in user.words,
        **profile.facts(member=member, store_ids=store_ids, at=clock.now()),
    }
    return render_page_or_fragment(
        request, "directory/member.html", "timeline", context
    )
