"""Loading the simulated retailer: block by block, each whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from analytics.demo import catalogue, copying, ledger, queries, rules, tables
from analytics.demo.arrow import table
from analytics.demo.queries import Begun
from analytics.demo.rules import Plan
from analytics.demo.tables import Context
from config.lib import locks
from config.lib.errors import DomainError
from loyalty.orders.models import ChangedMonth, Order, OrderLine
from members.access import services as access
from members.access.models import Store, User
from members.audit import services as audit
from members.profiles.models import (
    Attribute,
    ChangedMember,
    Consent,
    Identifier,
    Label,
    Member,
)
from members.programme import queries as programme
from members.programme import rules as programme_rules
from members.programme import services as programme_services

LOCK: Final = "analytics.demo"
# What version 1 holds where the environment named no zone and no currency.
UNTOLD: Final = ("UTC", "EUR")

# (blocks of members and months of points done, of both in all)
Report = Callable[[int, int], None]


class NotEmpty(DomainError):
    code = "demo_not_empty"
    message = gettext_lazy(
        "This installation holds members of its own; the demo loads only into an "
        "empty one. Nothing was changed."
    )


class AnotherDemo(DomainError):
    code = "demo_another"


class EndAhead(DomainError):
    code = "demo_end_ahead"
    field = "end"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What is there now; `new` counts the blocks this run wrote, `posted` the months
    of points."""

    plan: Plan
    new: int
    posted: int
    members: int
    orders: int
    refunds: int
    lines: int


def load(
    *,
    members: int,
    months: int,
    seed: int,
    end: date | None,
    at: datetime,
    report: Report = lambda done, total: None,
) -> Loaded:
    """Load what is missing of the demo; one at a time, others wait.

    `end` None is the day it was begun with, or yesterday: the last whole day. Each
    block of members, then each month of points is one transaction, so whatever ends this run, the next one goes
    on behind the last whole block and comes to the same rows. Raises `NotEmpty`,
    `AnotherDemo`, `EndAhead`, and `rules.Unusable` for arguments out of range.
    """
    with locks.held(LOCK):
        found = _begin(members=members, months=months, seed=seed, end=end, at=at)
        done = queries.blocks_done(found)
        posted = queries.months_done(found)
        context = _context(found, at=at)
        blocks, months = found.plan.blocks, found.plan.months
        report(done + posted, blocks + months)
        for block in range(done, blocks):
            _load_block(found.plan, block=block, context=context)
            report(block + 1, blocks + months)
        if done < blocks:
            _analyze(*_MODELS)
        for month in range(posted, months):
            ledger.post(found, number=month, at=at)
            # What grows so fast is planned for as it is, not as it was a year ago.
            if month % 3 == 0 or month == months - 1:
                _analyze(*ledger.MODELS)
            report(blocks + month + 1, blocks + months)
        return _counted(found.plan, new=blocks - done, posted=months - posted)


@transaction.atomic
def _begin(
    *, members: int, months: int, seed: int, end: date | None, at: datetime
) -> Begun:
    """Return the demo that was begun here, or begin it: settings, stores, ids.

    What was begun is finished even beside members that came meanwhile.
    """
    begun = queries.begun()
    if begun is not None:
        plan = Plan(
            members=members, months=months, seed=seed, end=end or begun.plan.end
        )
        if plan != begun.plan:
            raise AnotherDemo(_another(begun.plan))
        return begun
    if queries.strangers():
        raise NotEmpty()
    zone, currency = _zone_and_currency(at)
    yesterday = at.astimezone(_zone(zone)).date() - timedelta(days=1)
    plan = Plan(members=members, months=months, seed=seed, end=end or yesterday)
    if plan.end > yesterday:
        text = _("--end lies ahead: the last whole day is %(day)s.")
        raise EndAhead(text % {"day": yesterday})
    _settle(plan, zone=zone, currency=currency, at=at)
    _stores()
    found = Begun(
        plan=plan, first_member=copying.reserve(model=Member, count=plan.members)
    )
    audit.record(
        actor=None,
        action=queries.ACTION,
        target=queries.TARGET,
        details={
            "members": plan.members,
            "months": plan.months,
            "seed": plan.seed,
            "end": plan.end.isoformat(),
            "first_member": found.first_member,
        },
        at=at,
    )
    return found


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _another(plan: Plan) -> str:
    text = _(
        "Another demo was begun here: --members %(members)s --months %(months)s "
        "--seed %(seed)s --end %(end)s. Nothing was changed; start from an empty "
        "database to load a different one."
    )
    return text % {
        "members": plan.members,
        "months": plan.months,
        "seed": plan.seed,
        "end": plan.end,
    }


def _zone_and_currency(at: datetime) -> tuple[str, str]:
    """The demo's own, where nobody has settled on others."""
    settings = programme.settings_at(at=at)
    told = (settings.time_zone, settings.currency)
    if settings.number == 1 and told == UNTOLD:
        return rules.TIME_ZONE, rules.CURRENCY
    return told


def _settle(plan: Plan, *, zone: str, currency: str, at: datetime) -> None:
    """Publish the retailer's name, zone and currency for all time: an order told of the
    days before the demo begins is of this retailer too."""
    settings = programme.settings_at(at=at)
    if settings.number != 1:
        return
    values = programme_rules.dump(settings)
    values |= {
        "name": rules.NAME,
        "time_zone": zone,
        "currency": currency,
        "earn": rules.earning(plan),
        "tier_sets": rules.tiers(),
    }
    programme_services.publish(
        values=values,
        based_on=settings.number,
        effective_from=None,
        by_id=None,
        at=at,
        orders_exist=False,
        note=gettext_noop("The demo's retailer"),
    )


def _stores() -> None:
    known = set(Store.objects.values_list("code", flat=True))
    for code, name in catalogue.STORES:
        if code not in known:
            access.add_store(code=code, name=name)


def _context(found: Begun, *, at: datetime) -> Context:
    settings = programme.settings_at(at=at)
    ids = dict(Store.objects.values_list("code", "pk"))
    return Context(
        zone=settings.zone,
        currency=settings.currency,
        minor=10**settings.exponent,
        stores=[ids[code] for code in catalogue.STORE_CODES],
        first_member=found.first_member,
    )


@transaction.atomic
def _load_block(plan: Plan, *, block: int, context: Context) -> None:
    rows = tables.block_tables(plan, block=block, context=context)
    with connection.cursor() as cursor:
        copying.copy(cursor, model=Member, rows=rows.member)
        copying.copy(cursor, model=Identifier, rows=rows.identifier)
        copying.copy(cursor, model=Consent, rows=rows.consent)
        copying.copy(cursor, model=Attribute, rows=rows.attribute)
        copying.copy(cursor, model=Label, rows=rows.label)
        ids = copying.ids(cursor, model=Order, count=rows.orders.num_rows)
        orders, lines = tables.with_ids(rows.orders, rows.lines, np.array(ids))
        copying.copy(cursor, model=Order, rows=orders)
        copying.copy(cursor, model=OrderLine, rows=lines)
        marks = table({"member_id": rows.member["id"]})
        copying.copy(cursor, model=ChangedMember, rows=marks)
    months = np.unique(orders["day"].to_numpy().astype("datetime64[M]"))
    ChangedMonth.objects.bulk_create(
        ChangedMonth(month=month.astype("datetime64[D]").item()) for month in months
    )


_MODELS: Final[tuple[type[Model], ...]] = (
    Member,
    Identifier,
    Consent,
    Attribute,
    Label,
    Order,
    OrderLine,
)


def _analyze(*models: type[Model]) -> None:
    """Statistics at once: the first page must not wait for autovacuum to notice."""
    names = ", ".join(f'"{model._meta.db_table}"' for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")


def _counted(plan: Plan, *, new: int, posted: int) -> Loaded:
    own = Order.objects.filter(source=rules.SOURCE)
    return Loaded(
        plan=plan,
        new=new,
        posted=posted,
        members=Member.objects.filter(source=rules.SOURCE).count(),
        orders=own.orders().count(),
        refunds=own.refunds().count(),
        lines=OrderLine.objects.filter(order__source=rules.SOURCE).count(),
    )


@transaction.atomic
def ensure_logins(*, at: datetime) -> None:
    """Make the demo's users, with one password kept in a file only its owner reads.

    Users that exist keep their roles; without the file they get a new password, and a
    password somebody changed is left as it is while the file stands.
    """
    place = queries.password_file()
    new = not place.is_file()
    password = secrets.token_urlsafe(9) if new else place.read_text().strip()
    hashed = make_password(password)
    for login in queries.LOGINS:
        user = User.objects.filter(email=login.email).first()
        if user is None:
            stores = Store.objects.filter(code=login.store) if login.store else ()
            user = access.add_person(
                email=login.email,
                name=login.name,
                roles=[login.role],
                stores=list(stores),
            )
            action = "demo.user"
        elif new and not check_password(password, user.password):
            action = "demo.password"
        else:
            continue
        user.password = hashed
        user.save(update_fields=["password"])
        audit.record(
            actor=None, action=action, target=f"User:{user.pk}", details={}, at=at
        )
    if new:
        _keep(password)


def _keep(password: str) -> None:
    place = queries.password_file()
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{password}\n")
