"""Small builders for tests: plain functions, no surprises."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from loyalty.orders.enums import OrderKind
from loyalty.orders.models import Order
from members.access.enums import Role
from members.access.models import Store, User
from members.profiles.models import Identifier, Member
from members.programme.models import ProgrammeVersion

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = count(1)


def user(*roles: str, stores: tuple[Store, ...] = (), **fields: Any) -> User:
    n = next(_numbers)
    fields.setdefault("email", f"user{n}@example.com")
    person = User.objects.create_user(password="correct horse 7", **fields)
    person.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
    person.stores.set(stores)
    return person


def store(code: str = "") -> Store:
    code = code or f"S{next(_numbers):03d}"
    return Store.objects.get_or_create(code=code, defaults={"name": f"Store {code}"})[0]


def member(external_id: str = "", **fields: Any) -> Member:
    n = next(_numbers)
    fields.setdefault("name", f"Member {n}")
    fields.setdefault("name_key", str(fields["name"]).lower())
    fields.setdefault("joined_on", date(2026, 1, 1))
    fields.setdefault("created_at", AT)
    fields.setdefault("updated_at", AT)
    person = Member.objects.create(**fields)
    Identifier.objects.create(
        member=person,
        type="external",
        value=external_id or f"c-{n}",
        source="external",
        created_at=AT,
    )
    return person


def order(
    member: Member,
    *,
    minor: int = 1000,
    on: date = date(2026, 2, 1),
    kind: str = OrderKind.ORDER,
    **fields: Any,
) -> Order:
    fields.setdefault("source", "external")
    fields.setdefault("external_id", f"o-{next(_numbers)}")
    fields.setdefault("placed_at", datetime(on.year, on.month, on.day, 12, tzinfo=UTC))
    fields.setdefault("currency", "EUR")
    return Order.objects.create(
        member=member,
        kind=kind,
        day=on,
        amount_minor=minor,
        content_hash="",
        created_at=AT,
        updated_at=AT,
        **fields,
    )


def seeds() -> None:
    """What the migrations seed; a flush between tests takes it away."""
    if not ProgrammeVersion.objects.exists():
        ProgrammeVersion.objects.create(
            number=1,
            settings={"time_zone": "UTC", "currency": "EUR", "name": "Tern"},
            created_at=AT,
        )
        Group.objects.bulk_create(
            [Group(name=role) for role in Role.values], ignore_conflicts=True
        )
