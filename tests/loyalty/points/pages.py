"""Builders for the tests of the pages of points: members with points, who owe, who ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from loyalty.points import queries, returns, services
from loyalty.points.models import Transfer
from loyalty.points.rules import Balance
from members.profiles.models import Member
from members.programme import queries as programme
from tests import factories

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def member(**fields) -> Member:
    made = factories.member(**fields)
    made.refresh_from_db()
    return made


def give(member: Member, points: int, *, at: datetime = NOW, **more) -> Transfer:
    """An adjustment as it is posted, given or taken at a moment."""
    posted = services.adjust(
        member_id=member.pk,
        points=points,
        reference=str(uuid4()),
        reason=more.pop("reason", "test"),
        actor=more.pop("actor", ""),
        at=at,
        now=at,
        settings=programme.settings_at(at=at),
        **more,
    )
    return Transfer.objects.get(pk=posted.transfer_id)


def spend(member: Member, points: int, *, at: datetime = NOW) -> Transfer:
    posted = services.redeem(
        member_id=member.pk,
        points=points,
        reference=str(uuid4()),
        actor="",
        at=at,
        now=at,
        settings=programme.settings_at(at=at),
    )
    return Transfer.objects.get(pk=posted.transfer_id)


def owing(points: int, *, days: int = 0, **fields) -> Member:
    """A member who spent what was then taken back, so many days ago."""
    made = member(**fields)
    at = NOW - timedelta(days=days)
    given = give(made, points, at=at - timedelta(hours=2))
    spend(made, points, at=at - timedelta(hours=1))
    returns.reverse(
        earning=given,
        points=points,
        reference=f"r-{given.pk}",
        at=at,
        now=at,
        settings=programme.settings_at(at=at),
    )
    return made


def balance(member: Member, *, at: datetime = NOW) -> Balance:
    account = queries.account_of(member_id=member.pk, currency="points")
    settings = programme.settings_at(at=at)
    return queries.balance(account=account, at=at, settings=settings)
