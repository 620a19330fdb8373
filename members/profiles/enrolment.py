"""Members one at a time: made by a till or a shop, changed by them or by staff."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy

from config.lib import periods
from config.lib.errors import DomainError
from members.access.models import Store
from members.audit import services as audit
from members.profiles import queries, rules
from members.profiles.models import (
    Attribute,
    ChangedMember,
    Consent,
    Enrolment,
    Identifier,
    Member,
)
from members.programme.rules import Settings

API = "api"


class ExternalIdConflict(DomainError):
    code = "external_id_conflict"
    message = gettext_lazy("This source has used the number for something else.")
    field = "external_id"

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.facts = {"member": member.pk, "number": member.number}


class IdentifierTaken(DomainError):
    code = "identifier_taken"
    message = gettext_lazy("This identifier belongs to another member.")


class JoinedInFuture(DomainError):
    code = "future"
    message = gettext_lazy("The time lies in the future.")
    field = "joined_at"


class UnknownStore(DomainError):
    code = "unknown_store"
    message = gettext_lazy("There is no store with this code.")
    field = "store"


@dataclass(frozen=True, kw_only=True)
class Person:
    """What is told of a new member; e-mail and phone normalised already."""

    external_id: str
    source: str
    name: str = ""
    email: str | None = None
    phone: str | None = None
    birthday: date | None = None
    joined_at: datetime | None = None
    language: str = ""
    time_zone: str = ""
    store: str | None = None
    acquisition_channel: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[str, bool] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """The member, and whether this call made it or met it again."""

    member: Member
    created: bool


@transaction.atomic
def enrol(*, person: Person, at: datetime, settings: Settings) -> Enrolled:
    """Make a member; the same again is met, not made.

    Raises `ExternalIdConflict` where the number means another member or was told
    otherwise, `IdentifierTaken`, `UnknownStore`, `JoinedInFuture`.
    """
    if person.joined_at is not None and person.joined_at > at:
        raise JoinedInFuture()
    _wait_for(f"enrol:{person.source}:{person.external_id}")
    known = _met(person)
    if known is not None:
        return Enrolled(member=known, created=False)
    joined = person.joined_at
    member = Member.objects.create(
        name=person.name,
        name_key=rules.name_key(person.name),
        birthday=person.birthday,
        joined_on=periods.day_of(joined, settings.zone) if joined else None,
        language=person.language,
        time_zone=person.time_zone,
        store=_store(person.store),
        acquisition_channel=person.acquisition_channel,
        source=person.source,
        created_at=at,
        updated_at=at,
    )
    _identify(member, person.source, person.external_id, person.source, at)
    for kind, value in (("email", person.email), ("phone", person.phone)):
        if value is not None:
            _identify(member, kind, value, person.source, at)
    Enrolment.objects.create(
        member=member,
        source=person.source,
        external_id=person.external_id,
        digest=person.digest,
        created_at=at,
    )
    today = periods.day_of(at, settings.zone)
    _describe(member, person.attributes, person.source, today)
    _consent(member, person.consents, person.source, at)
    ChangedMember.objects.create(member_id=member.pk)
    # The database makes the number.
    member.refresh_from_db(fields=["number"])
    return Enrolled(member=member, created=True)


@transaction.atomic
def change(
    *,
    member_id: int,
    values: Mapping[str, Any],
    actor: str,
    at: datetime,
    settings: Settings,
) -> Member:
    """Change what `values` names and leave the rest.

    `email` and `phone` take the place of the ones there are, None removes them; so
    does None for an attribute. A consent is added, never rewritten.
    """
    member = Member.objects.select_for_update(of=("self",)).get(pk=member_id)
    told = dict(values)
    for kind in ("email", "phone"):
        if kind in told:
            _replace(member, kind, told.pop(kind), at)
    today = periods.day_of(at, settings.zone)
    _describe(member, told.pop("attributes", {}), API, today)
    _consent(member, told.pop("consents", {}), API, at)
    if "store" in told:
        told["store"] = _store(told["store"])
    for name, value in told.items():
        setattr(member, name, value)
    member.name_key = rules.name_key(member.name)
    member.updated_at = at
    member.save(update_fields=[*told, "name_key", "updated_at"])
    ChangedMember.objects.create(member_id=member.pk)
    audit.record_by(
        actor=actor,
        action="members.change",
        target=f"Member:{member.pk}",
        # What was changed, not to what: the audit holds no personal value.
        details={"fields": sorted(values)},
        at=at,
    )
    return member


def _wait_for(name: str) -> None:
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _met(person: Person) -> Member | None:
    known = (
        Identifier.objects.select_related("member")
        .filter(type=person.source, value=person.external_id)
        .first()
    )
    if known is None:
        return None
    told = Enrolment.objects.filter(
        source=person.source, external_id=person.external_id
    ).first()
    if told is None or told.digest != person.digest:
        raise ExternalIdConflict(known.member)
    found = queries.find(address=str(known.member_id))
    return found or known.member


def _identify(member: Member, kind: str, value: str, source: str, at: datetime) -> None:
    named = kind if kind in ("email", "phone") else "external_id"
    try:
        with transaction.atomic():
            Identifier.objects.create(
                member=member, type=kind, value=value, source=source, created_at=at
            )
    except IntegrityError as error:
        raise IdentifierTaken(field=named) from error


def _replace(member: Member, kind: str, value: str | None, at: datetime) -> None:
    mine = Identifier.objects.filter(member=member, type=kind)
    if value is not None and mine.filter(value=value).exists():
        mine.exclude(value=value).delete()
        return
    mine.delete()
    if value is not None:
        _identify(member, kind, value, API, at)


def _describe(
    member: Member, values: Mapping[str, str | None], source: str, today: date
) -> None:
    gone = [name for name, value in values.items() if value is None]
    if gone:
        Attribute.objects.filter(member=member, name__in=gone).delete()
    Attribute.objects.bulk_create(
        [
            Attribute(
                member=member, name=name, value=value, source=source, recorded_on=today
            )
            for name, value in values.items()
            if value is not None
        ],
        update_conflicts=True,
        unique_fields=["member", "name", "source"],
        update_fields=["value", "recorded_on"],
    )


def _consent(
    member: Member, values: Mapping[str, bool], source: str, at: datetime
) -> None:
    """Add what is new. Two answers never share a moment, or none would be the last."""
    latest = queries.latest_consents(member=member) if values else {}
    said = []
    for channel, granted in values.items():
        before = latest.get(channel)
        if before is not None and before.granted == granted:
            continue
        after = before.at + timedelta(microseconds=1) if before else at
        said.append(
            Consent(
                member=member,
                channel=channel,
                granted=granted,
                at=max(at, after),
                source=source,
            )
        )
    Consent.objects.bulk_create(said)


def _store(code: str | None) -> Store | None:
    if not code:
        return None
    found = Store.objects.filter(code=code).first()
    if found is None:
        raise UnknownStore()
    return found
