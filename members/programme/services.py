from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from members.programme import queries, rules
from members.programme.models import ProgrammeVersion
from members.programme.rules import Settings

# Serialises publishing; any fixed number no other lock uses.
_LOCK = 7_201_001


class StaleVersion(DomainError):
    code = "stale_version"
    message = gettext_lazy("Somebody published another version meanwhile.")


class FixedSetting(DomainError):
    code = "fixed_setting"
    message = gettext_lazy("This setting is fixed once orders exist.")


@transaction.atomic
def publish(
    *,
    values: Mapping[str, Any],
    based_on: int,
    effective_from: datetime | None,
    by_id: int | None,
    at: datetime,
    orders_exist: bool,
    note: str = "",
    published_by: str = "",
    approved_by: str = "",
) -> ProgrammeVersion:
    """Publish a new version of the settings, in force from `effective_from`.

    What `values` leaves out stays as it is. Without `effective_from` the version is in
    force from the beginning of time; only the first that a person publishes may be.
    `based_on` is the number of the version the author saw; another one published
    since raises `StaleVersion`. `orders_exist` is told by the caller, who may look
    at orders; with it, currency and time zone raise `FixedSetting` when changed,
    because every stored amount and local day was made with them.
    """
    latest = last_of(based_on=based_on)
    before = rules.parse(latest.settings, number=latest.number)
    after = rules.parse({**rules.dump(before), **values}, number=latest.number + 1)
    check_fixed(before, after, orders_exist=orders_exist)
    check_beginning(effective_from, latest=latest, at=at)
    return ProgrammeVersion.objects.create(
        number=after.number,
        settings=rules.dump(after),
        effective_from=effective_from,
        created_by_id=by_id,
        created_at=at,
        note=note,
        published_by=published_by,
        approved_by=approved_by,
    )


def last_of(*, based_on: int) -> ProgrammeVersion:
    """Return the latest version, and let nobody publish until this transaction ends.

    Raises `StaleVersion` if it is not the one the author saw.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    latest = queries.versions().first()
    if latest is None:
        raise queries.NoProgramme("No programme version; run manage.py migrate.")
    if latest.number != based_on:
        raise StaleVersion()
    return latest


def check_fixed(before: Settings, after: Settings, *, orders_exist: bool) -> None:
    if orders_exist:
        for field in ("currency", "time_zone"):
            if getattr(before, field) != getattr(after, field):
                raise FixedSetting(field=field)


def check_beginning(
    effective_from: datetime | None, *, latest: ProgrammeVersion, at: datetime
) -> None:
    """Nothing comes before what is in force at `at`; what is still to come may be
    preceded, and then never comes."""
    if effective_from is None:
        may = latest.number == 1
    else:
        began = queries.version_at(at=at).effective_from
        may = began is None or effective_from >= began
    if not may:
        raise rules.InvalidSetting(
            _("Give a time not before that of the version in force."),
            field="effective_from",
        )
