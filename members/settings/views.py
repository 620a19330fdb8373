from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib import clock
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal
from members.access import queries as access
from members.access.enums import Role
from members.access.http import requires, user_of
from members.access.models import Store, User
from members.programme import queries as programme
from members.programme import rules
from members.settings import drafts, invitations, queries, services
from members.settings.forms import (
    PersonForm,
    ProgrammeForm,
    StoreForm,
    StoreNameForm,
)
from members.settings.frame import after_publishing, frame

REFUSED = 422


@requires("settings.view")
@require_http_methods(["GET", "POST"])
def programme_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return publish_programme(request)
    latest = programme.latest()
    initial = {**rules.dump(latest), "based_on": latest.number}
    form = ProgrammeForm(initial=initial, fixed=_fixed(latest))
    return _programme_page(request, form)


@requires("settings.edit")
def publish_programme(request: HttpRequest) -> HttpResponse:
    form = ProgrammeForm(request.POST, fixed=_fixed(programme.latest()))
    at = clock.now()
    if form.is_valid():
        try:
            published = services.publish_programme(
                values=form.settings(),
                based_on=form.cleaned_data["based_on"],
                effective_from=at,
                note=form.cleaned_data["note"],
                by=drafts.actor_of(user_of(request)),
                at=at,
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return after_publishing(request, published, "settings:programme")
    return _programme_page(request, form, status=REFUSED)


def _fixed(latest: rules.Settings) -> rules.Settings | None:
    return latest if queries.orders_exist() else None


def _programme_page(
    request: HttpRequest, form: ProgrammeForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "versions": programme.versions().select_related("created_by")[:20],
        "fixed": form.fixed is not None,
        **frame(request, "settings:programme"),
    }
    return render(request, "settings/programme.html", context, status=status)


@requires("settings.view")
@require_http_methods(["GET"])
def people_page(request: HttpRequest) -> HttpResponse:
    context = {
        "people": [(person, _labels(person)) for person in access.people()],
        **frame(request, "settings:people"),
    }
    return render(request, "settings/people.html", context)


@requires("people.edit")
@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.add_person(
                **form.cleaned_data, by=user_of(request), at=clock.now()
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            invitations.send(person)
            return redirect("settings:person", person.pk)
    return _form_page(request, form, _("Add a person"), "settings:people")


@requires("people.edit")
@require_http_methods(["GET", "POST"])
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(access.people(), pk=pk)
    if request.method == "GET":
        initial = {
            "name": person.name,
            "roles": person.roles,
            "stores": person.stores.all(),
            "is_active": person.is_active,
        }
        return _person_page(request, person, PersonForm(initial=initial, changing=True))
    form = PersonForm(request.POST, changing=True)
    if form.is_valid():
        try:
            services.change_person(
                person_id=pk, **form.cleaned_data, by=user_of(request), at=clock.now()
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Saved %(name)s.") % {"name": person})
            return redirect("settings:people")
    return _person_page(request, person, form)


def _person_page(request: HttpRequest, person: User, form: PersonForm) -> HttpResponse:
    waiting = not person.has_usable_password()
    link = invitations.link(person) if waiting else ""
    title = str(person)
    return _form_page(
        request, form, title, "settings:people", person=person, password_link=link
    )


@requires("settings.view")
@require_http_methods(["GET"])
def stores_page(request: HttpRequest) -> HttpResponse:
    context = {"stores": access.stores(), **frame(request, "settings:stores")}
    return render(request, "settings/stores.html", context)


@requires("settings.edit")
@require_http_methods(["GET", "POST"])
def store_new(request: HttpRequest) -> HttpResponse:
    form = StoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            store = services.add_store(
                **form.cleaned_data, by=user_of(request), at=clock.now()
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Added store %(name)s.") % {"name": store})
            return redirect("settings:stores")
    return _form_page(request, form, _("Add a store"), "settings:stores")


@requires("settings.edit")
@require_http_methods(["GET", "POST"])
def store_page(request: HttpRequest, pk: int) -> HttpResponse:
    store = get_object_or_404(Store, pk=pk)
    form = StoreNameForm(request.POST or None, initial={"name": store.name})
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        services.rename_store(
            store=store, name=name, by=user_of(request), at=clock.now()
        )
        messages.success(request, _("Saved store %(code)s.") % {"code": store.code})
        return redirect("settings:stores")
    return _form_page(request, form, store.code, "settings:stores")


def _form_page(
    request: HttpRequest, form: forms.Form, title: str, back: str, **extra: Any
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "person": None,
        "password_link": "",
        "back": reverse(back),
        **frame(request, back, title),
        **extra,
    }
    status = REFUSED if form.errors else 200
    return render(request, "settings/form.html", context, status=status)


def _labels(person: User) -> list[str]:
    names = {group.name for group in person.groups.all()}
    return [str(role.label) for role in Role if role.value in names]
