"""Who works here: people, their roles and their stores."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.lib.errors import DomainError
from members.access.enums import Role
from members.access.models import Store, User


class EmailTaken(DomainError):
    code = "email_taken"
    message = _("Somebody uses this e-mail address already.")
    field = "email"


class LastAdmin(DomainError):
    code = "last_admin"
    message = _(
        "This is the last active admin. Make somebody else an admin first, "
        "or nobody could change settings any more."
    )
    field = "roles"


class StoreCodeTaken(DomainError):
    code = "store_code_taken"
    message = _("There is a store with this code already.")
    field = "code"


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    roles: Collection[str],
    stores: Collection[Store],
    language: str = "",
) -> User:
    """Add somebody without a password; they set one by a link."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, None, name=name, language=language)
    except IntegrityError as error:
        raise EmailTaken() from error
    _set(person, roles=roles, stores=stores)
    return person


@transaction.atomic
def change_person(
    *,
    person_id: int,
    name: str,
    roles: Collection[str],
    stores: Collection[Store],
    is_active: bool,
) -> User:
    """Change what somebody may do; the last active admin keeps the keys."""
    # Every change of people waits here, so two admins cannot remove each other.
    list(Group.objects.select_for_update().filter(name=Role.ADMIN))
    person = User.objects.select_for_update().get(pk=person_id)
    stays_admin = is_active and Role.ADMIN in roles
    if not stays_admin and not _other_admins(person).exists():
        raise LastAdmin()
    person.name = name
    person.is_active = is_active
    person.save(update_fields=["name", "is_active"])
    _set(person, roles=roles, stores=stores)
    return person


def add_store(*, code: str, name: str) -> Store:
    try:
        with transaction.atomic():
            return Store.objects.create(code=code.strip(), name=name.strip())
    except IntegrityError as error:
        raise StoreCodeTaken() from error


def rename_store(*, store_id: int, name: str) -> None:
    """Change what a store is called; its code stays, files refer to it."""
    Store.objects.filter(pk=store_id).update(name=name.strip())


def _set(person: User, *, roles: Collection[str], stores: Collection[Store]) -> None:
    person.groups.set(Group.objects.filter(name__in=roles))
    person.stores.set(stores)


def _other_admins(person: User) -> QuerySet[User]:
    return User.objects.filter(is_active=True, groups__name=Role.ADMIN).exclude(
        pk=person.pk
    )
