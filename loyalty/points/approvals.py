"""What of the books needs two people: large adjustments and their undo, debts written off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyalty.points import entries, errors, queries, returns, services, shapes
from loyalty.points.enums import TransferKind
from loyalty.points.models import Transfer
from loyalty.points.postings import currency_of
from members.approvals import kinds
from members.approvals import services as approvals
from members.approvals.enums import ApprovalState
from members.approvals.kinds import Act, Done
from members.approvals.models import Approval
from members.profiles.models import Member
from members.profiles.queries import Named
from members.programme import queries as programme
from members.programme.rules import Settings

ADJUSTMENT = "adjustment"
UNDO = "adjustment_undo"
WRITE_OFF = "debt_write_off"


def register() -> None:
    for name, title, execute in (
        (ADJUSTMENT, _("Adjustment of points"), _adjust),
        (UNDO, _("Undo of an adjustment"), _undo),
        (WRITE_OFF, _("Debt written off"), _write_off),
    ):
        kinds.register(
            kinds.Kind(name=name, title=title, scope="points:write", execute=execute)
        )


def needed_for(*, points: int, settings: Settings) -> bool:
    """An adjustment this large, up or down, takes a second person."""
    limit = settings.adjustment_approval_above
    return limit is not None and abs(points) > limit


def undo_needs_two(*, entry: Transfer, settings: Settings) -> bool:
    """What took two people to give takes two to take away, and the other way round."""
    if entry.kind != TransferKind.ADJUST:
        return False
    return needed_for(points=entry.points, settings=settings)


def ask_to_adjust(
    *,
    member: Member | Named,
    points: int,
    reason: str,
    occurred_at: datetime | None,
    expires_at: datetime | None,
    currency: str,
    author: str,
    now: datetime,
    form: str = "",
) -> Approval:
    """`form` names the sheet it was asked on: the same one again asks nothing new."""
    payload = {
        "member": member.pk,
        "points": points,
        "reason": reason,
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
        "expires_at": expires_at.isoformat() if expires_at else None,
        "currency": currency,
        "form": form,
    }
    return _ask(ADJUSTMENT, member, payload, author, now)


def ask_to_undo(
    *, member: Member | Named, entry: Transfer, reason: str, author: str, now: datetime
) -> Approval:
    """One request waits for an entry, whoever asks again. Call it under the member's lock."""
    met = Approval.objects.filter(
        kind=UNDO, state=ApprovalState.PENDING, payload__entry=entry.pk
    ).first()
    if met is not None:
        return met
    gave = entry.credit_account.member_id is not None
    payload = {
        "member": member.pk,
        "entry": entry.pk,
        "points": -entry.points if gave else entry.points,
        "reason": reason,
        "currency": entry.currency,
        "form": "",
    }
    return _ask(UNDO, member, payload, author, now)


def ask_to_write_off(
    *,
    member: Member | Named,
    points: int,
    reason: str,
    currency: str,
    author: str,
    now: datetime,
    form: str = "",
) -> Approval:
    payload = {
        "member": member.pk,
        "points": points,
        "reason": reason,
        "currency": currency,
        "form": form,
    }
    return _ask(WRITE_OFF, member, payload, author, now)


def _ask(
    kind: str,
    member: Member | Named,
    payload: dict[str, Any],
    author: str,
    now: datetime,
) -> Approval:
    facts = {
        "member": member.pk,
        "number": member.number,
        "points": payload["points"],
        "reason": payload["reason"],
        "currency": payload["currency"],
    }
    if "entry" in payload:
        facts["entry"] = payload["entry"]
    asked = Approval.objects.filter(
        kind=kind, author=author, payload__form=payload["form"]
    )
    met = asked.first() if payload["form"] else None
    if met is not None:
        return met
    return approvals.ask(kind=kind, payload=payload, facts=facts, author=author, at=now)


def _adjust(act: Act) -> Done:
    told = act.payload
    at = _moment(told["occurred_at"]) or act.at
    before = _numbers(told, act.at)
    posted = services.adjust(
        member_id=told["member"],
        points=told["points"],
        reference=act.reference,
        reason=told["reason"],
        actor=act.author,
        at=at,
        now=act.at,
        settings=programme.settings_at(at=at),
        expires_at=_moment(told["expires_at"]),
        currency=told["currency"],
    )
    return _done(act, posted.transfer_id, before)


def _undo(act: Act) -> Done:
    told = act.payload
    before = _numbers(told, act.at)
    names = returns.undo_references(told["entry"])
    returns.undo(
        entry=Transfer.objects.get(pk=told["entry"]),
        reason=told["reason"],
        actor=act.author,
        now=act.at,
        settings=programme.settings_at(at=act.at),
    )
    found = entries.entry_of(member_id=told["member"], references=names)
    if found is None:
        raise errors.CannotUndo()
    return _done(act, found.id, before)


def _write_off(act: Act) -> Done:
    told = act.payload
    before = _numbers(told, act.at)
    posted = services.write_off(
        member_id=told["member"],
        points=told["points"],
        reference=act.reference,
        reason=told["reason"],
        actor=act.author,
        now=act.at,
        settings=programme.settings_at(at=act.at),
        currency=told["currency"],
    )
    return _done(act, posted.transfer_id, before)


def _done(act: Act, transfer_id: int, before: Mapping[str, int]) -> Done:
    found = entries.entry(member_id=act.payload["member"], transfer_id=transfer_id)
    return Done(
        result={"entry": shapes.full_entry(found) if found else None},
        before=before,
        after=_numbers(act.payload, act.at),
    )


def _numbers(told: Mapping[str, Any], at: datetime) -> dict[str, int]:
    return numbers(member_id=told["member"], currency=told["currency"], at=at)


def numbers(*, member_id: int, currency: str | None, at: datetime) -> dict[str, int]:
    """What the audit log says of a member's points before and after an act."""
    settings = programme.settings_at(at=at)
    key = currency_of(settings, currency)
    account = queries.account_of(member_id=member_id, currency=key)
    found = queries.balance(account=account, at=at, settings=settings)
    return {"balance": found.balance, "pending": found.pending, "debt": found.debt}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
