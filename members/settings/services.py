"""Changes of settings that touch several features, each with its audit entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from members.access import services as access
from members.access.models import Store, User
from members.audit import services as audit
from members.programme import services as programme
from members.programme.models import ProgrammeVersion
from members.settings import queries


@transaction.atomic
def publish_programme(
    *,
    values: Mapping[str, Any],
    based_on: int,
    effective_from: datetime | None,
    note: str,
    by: User | None,
    at: datetime,
    agent: str = "",
) -> ProgrammeVersion:
    """Publish a version in the name of a person, or of an API key (`agent`)."""
    version = programme.publish(
        values=values,
        based_on=based_on,
        effective_from=effective_from,
        by_id=by.pk if by else None,
        at=at,
        orders_exist=queries.orders_exist(),
        note=note,
    )
    audit.record(
        actor=by,
        agent=agent,
        action="programme.publish",
        target=f"ProgrammeVersion:{version.number}",
        details={"based_on": based_on, "settings": version.settings},
        at=at,
    )
    return version


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    roles: Collection[str],
    stores: Collection[Store],
    by: User,
    at: datetime,
) -> User:
    person = access.add_person(email=email, name=name, roles=roles, stores=stores)
    _record_person("people.add", person, roles, stores, by, at)
    return person


@transaction.atomic
def change_person(
    *,
    person_id: int,
    name: str,
    roles: Collection[str],
    stores: Collection[Store],
    is_active: bool,
    by: User,
    at: datetime,
) -> User:
    person = access.change_person(
        person_id=person_id, name=name, roles=roles, stores=stores, is_active=is_active
    )
    _record_person("people.change", person, roles, stores, by, at)
    return person


@transaction.atomic
def add_store(*, code: str, name: str, by: User, at: datetime) -> Store:
    store = access.add_store(code=code, name=name)
    _record_store("stores.add", store.pk, store.code, by, at)
    return store


@transaction.atomic
def rename_store(*, store: Store, name: str, by: User, at: datetime) -> None:
    access.rename_store(store_id=store.pk, name=name)
    _record_store("stores.rename", store.pk, store.code, by, at)


def _record_person(
    action: str,
    person: User,
    roles: Collection[str],
    stores: Collection[Store],
    by: User,
    at: datetime,
) -> None:
    details = {
        "roles": sorted(roles),
        "stores": sorted(store.code for store in stores),
        "active": person.is_active,
    }
    audit.record(
        actor=by, action=action, target=f"User:{person.pk}", details=details, at=at
    )


def _record_store(action: str, pk: int, code: str, by: User, at: datetime) -> None:
    audit.record(
        actor=by, action=action, target=f"Store:{pk}", details={"code": code}, at=at
    )
