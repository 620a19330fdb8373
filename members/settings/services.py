"""Changes of settings that touch several features, each with its audit entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from members.access import keys
from members.access import services as access
from members.access.keys import Made
from members.access.models import ApiKey, Store, User
from members.audit import services as audit
from members.programme import queries as programme_queries
from members.programme import rules
from members.programme import services as programme
from members.settings import drafts, queries
from members.settings.drafts import Published

# What a draft is called that nobody named.
TITLE = gettext_noop("New version")


@transaction.atomic
def publish_programme(
    *,
    values: Mapping[str, Any],
    based_on: int,
    effective_from: datetime | None,
    note: str,
    by: str,
    at: datetime,
) -> Published:
    """Publish a version, or leave it as a draft that waits for a second person.

    `by` is a person or an API key, as `user:3` or `key:7`.
    """
    latest = programme.last_of(based_on=based_on)
    before = programme_queries.parsed(latest)
    begins = drafts.beginning(effective_from, latest=latest, at=at)
    after = rules.parse({**rules.dump(before), **values}, number=before.number + 1)
    falls = drafts.losses(
        before=before, after=after, begins=begins or at, language="en"
    )
    if drafts.needs_second(before=before, falls=falls):
        programme.check_fixed(before, after, orders_exist=queries.orders_exist())
        draft = drafts.make(
            title=note[:80] or TITLE,
            values=values,
            effective_from=effective_from,
            note=note,
            by=by,
            at=at,
        )
        return drafts.publish(draft_id=draft.pk, revision=draft.revision, by=by, at=at)
    version = programme.publish(
        values=values,
        based_on=based_on,
        effective_from=begins,
        by_id=drafts.person_id(by),
        at=at,
        orders_exist=queries.orders_exist(),
        note=note,
        published_by=by,
    )
    drafts.record_publication(version, based_on=based_on, by=by, at=at)
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


@transaction.atomic
def make_key(
    *,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    requests_per_minute: int | None,
    by: User,
    at: datetime,
) -> Made:
    """Make a key of the HTTP API. Raises `InvalidKey` with the field at fault."""
    made = keys.create(
        name=name,
        scopes=list(scopes),
        at=at,
        expires_at=expires_at,
        requests_per_minute=requests_per_minute,
        by_id=by.pk,
    )
    details = {"prefix": made.key.prefix, "scopes": made.key.scopes}
    _record_key("keys.make", made.key, details, by, at)
    return made


@transaction.atomic
def revoke_key(*, key: ApiKey, by: User, at: datetime) -> None:
    """Take a key back; one that was taken back before stays so."""
    if keys.revoke(key_id=key.pk, at=at):
        _record_key("keys.revoke", key, {"prefix": key.prefix}, by, at)


def _record_key(
    action: str, key: ApiKey, details: Mapping[str, Any], by: User, at: datetime
) -> None:
    audit.record(
        actor=by, action=action, target=f"ApiKey:{key.pk}", details=dict(details), at=at
    )


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
