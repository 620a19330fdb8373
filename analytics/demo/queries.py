"""What is known of the demo: which one was asked for, how far it is, who signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from django.conf import settings

from analytics.demo import rules
from analytics.demo.rules import Plan
from loyalty.orders.models import Order
from members.access.enums import Role
from members.access.models import User
from members.audit.models import AuditEntry
from members.profiles.models import Member

ACTION: Final = "demo.load"
POINTS: Final = "demo.points"
TARGET: Final = "Demo"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The demo this installation was given, and the id of its first member."""

    plan: Plan
    first_member: int


@dataclass(frozen=True, kw_only=True)
class Login:
    """Somebody to sign in as; `store` is the one they are limited to."""

    email: str
    name: str
    role: Role
    store: str = ""


LOGINS: Final = (
    Login(email="admin@tern.example", name="Ada Admin", role=Role.ADMIN),
    # What one of them asks for the other decides.
    Login(email="approver@tern.example", name="Anna Approver", role=Role.ADMIN),
    Login(email="analyst@tern.example", name="Anders Analyst", role=Role.ANALYST),
    Login(
        email="campaigns@tern.example",
        name="Camille Campaigns",
        role=Role.CAMPAIGN_MANAGER,
    ),
    Login(email="operator@tern.example", name="Olga Operator", role=Role.OPERATOR),
    Login(email="viewer@tern.example", name="Viktor Viewer", role=Role.VIEWER),
    Login(
        email="clerk@tern.example",
        name="Clara Clerk",
        role=Role.OPERATOR,
        store="S01",
    ),
)


def begun() -> Begun | None:
    """This is the demo that was begun here, loaded to the end or not."""
    entry = AuditEntry.objects.filter(target=TARGET, action=ACTION).order_by("-pk")
    details = entry.values_list("details", flat=True).first()
    if details is None:
        return None
    plan = Plan(
        members=details["members"],
        months=details["months"],
        seed=details["seed"],
        end=date.fromisoformat(details["end"]),
    )
    return Begun(plan=plan, first_member=details["first_member"])


def blocks_done(found: Begun) -> int:
    """This counts the blocks that are committed: each is written whole, in order."""
    plan = found.plan
    last = Member.objects.filter(
        source=rules.SOURCE,
        pk__gte=found.first_member,
        pk__lt=found.first_member + plan.members,
    )
    top = last.order_by("-pk").values_list("pk", flat=True).first()
    return 0 if top is None else -(-(top - found.first_member + 1) // rules.BLOCK)


def months_done(found: Begun) -> int:
    """This counts the months whose points are posted: each is written whole, in order."""
    entries = AuditEntry.objects.filter(target=TARGET, action=POINTS)
    return entries.filter(details__first_member=found.first_member).count()


def is_whole(found: Begun) -> bool:
    plan = found.plan
    return blocks_done(found) == plan.blocks and months_done(found) == plan.months


def strangers() -> bool:
    """This says whether anything is here that the demo did not write."""
    return (
        Member.objects.exclude(source=rules.SOURCE).exists()
        or Order.objects.exclude(source=rules.SOURCE).exists()
    )


def logins() -> list[tuple[Login, str]]:
    """This is the demo's users that exist here, with their password.

    It is empty where the password's file is not on this machine.
    """
    place = password_file()
    if not place.is_file():
        return []
    password = place.read_text().strip()
    emails = set(
        User.objects.filter(
            email__in=[login.email for login in LOGINS], is_active=True
        ).values_list("email", flat=True)
    )
    return [(login, password) for login in LOGINS if login.email in emails]


def password_file() -> Path:
    return Path(settings.ENVIRONMENT.var) / "demo_password"
