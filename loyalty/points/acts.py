"""What staff do to a member's points: done, or put before a second person; written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.points import approvals, entries, errors, queries, returns, services
from loyalty.points.entries import FullEntry
from loyalty.points.models import Transfer
from loyalty.points.postings import Posted, currency_of
from members.approvals.models import Approval
from members.audit import services as audit
from members.profiles.models import Member
from members.profiles.queries import Named
from members.programme.rules import Settings


@transaction.atomic
def adjust(
    *,
    member: Member,
    points: int,
    reason: str,
    expires_at: datetime | None,
    form: str,
    by: str,
    now: datetime,
    settings: Settings,
    currency: str | None = None,
) -> Posted | Approval:
    """Give or take points; above the limit the answer is a request that waits.

    `form` names the sheet: sent twice, it is done or asked once.
    """
    _alone(member)
    key = currency_of(settings, currency)
    if approvals.needed_for(points=points, settings=settings):
        return approvals.ask_to_adjust(
            member=member,
            points=points,
            reason=reason,
            occurred_at=None,
            expires_at=expires_at,
            currency=key,
            author=by,
            now=now,
            form=form,
        )
    before = approvals.numbers(member_id=member.pk, currency=key, at=now)
    posted = services.adjust(
        member_id=member.pk,
        points=points,
        reference=f"form:{form}",
        reason=reason,
        actor=by,
        at=now,
        now=now,
        settings=settings,
        expires_at=expires_at,
        currency=key,
    )
    if not posted.replayed:
        details = {"entry": posted.transfer_id, "points": points}
        _record("points.adjust", member, before, details, key, by=by, now=now)
    return posted


@dataclass(frozen=True, kw_only=True)
class Undone:
    """The entry that undid another one, and whether this call met it."""

    entry: FullEntry
    replayed: bool


@transaction.atomic
def undo(
    *,
    member: Member | Named,
    entry: Transfer,
    reason: str,
    by: str,
    now: datetime,
    settings: Settings,
) -> Undone | Approval:
    """Post the opposite of an entry, once; a second time answers what the first did.

    Of an adjustment above the limit the answer is a request that waits. `CannotUndo`.
    """
    _alone(member)
    names = returns.undo_references(entry.pk)
    done = entries.entry_of(member_id=member.pk, references=names)
    if done is not None:
        return Undone(entry=done, replayed=True)
    if approvals.undo_needs_two(entry=entry, settings=settings):
        return approvals.ask_to_undo(
            member=member, entry=entry, reason=reason, author=by, now=now
        )
    before = approvals.numbers(member_id=member.pk, currency=entry.currency, at=now)
    returns.undo(entry=entry, reason=reason, actor=by, now=now, settings=settings)
    done = entries.entry_of(member_id=member.pk, references=names)
    if done is None:
        raise errors.CannotUndo()
    details = {"entry": done.id, "of": entry.pk, "points": done.points}
    _record("points.undo", member, before, details, entry.currency, by=by, now=now)
    return Undone(entry=done, replayed=False)


@transaction.atomic
def ask_to_write_off(
    *,
    member: Member,
    points: int,
    reason: str,
    form: str,
    by: str,
    now: datetime,
    settings: Settings,
    currency: str | None = None,
) -> Approval:
    """Ask to give up what a member owes; another person decides, always. `NotOwed`."""
    _alone(member)
    key = currency_of(settings, currency)
    account = queries.account_of(member_id=member.pk, currency=key)
    owed = queries.balance(account=account, at=now, settings=settings).debt
    if not 0 < points <= owed:
        raise errors.NotOwed(debt=owed, asked=points)
    return approvals.ask_to_write_off(
        member=member,
        points=points,
        reason=reason,
        currency=key,
        author=by,
        now=now,
        form=form,
    )


def _alone(member: Member | Named) -> None:
    """Two sendings of one form wait for each other."""
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)


def _record(
    action: str,
    member: Member | Named,
    before: dict[str, int],
    details: dict[str, Any],
    currency: str,
    *,
    by: str,
    now: datetime,
) -> None:
    after = approvals.numbers(member_id=member.pk, currency=currency, at=now)
    audit.record_by(
        actor=by,
        action=action,
        target=f"Member:{member.pk}",
        details={**details, "currency": currency, "before": before, "after": after},
        at=now,
    )
