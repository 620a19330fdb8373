"""Four eyes: one asks, another decides, and it is done once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from members.access.models import ApiKey
from members.approvals import kinds
from members.approvals.enums import ApprovalState
from members.approvals.models import Approval
from members.audit import services as audit


class OwnRequest(DomainError):
    code = "own_request"
    message = gettext_lazy("Somebody else must decide what you asked for.")


class Decided(DomainError):
    code = "decided"
    message = gettext_lazy("This request was decided the other way.")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The request, and whether this call met its decision instead of making it."""

    approval: Approval
    replayed: bool


@transaction.atomic
def ask(
    *,
    kind: str,
    payload: Mapping[str, Any],
    facts: Mapping[str, Any],
    author: str,
    at: datetime,
) -> Approval:
    """Put a request before another person. `payload` and `facts` are JSON."""
    approval = Approval.objects.create(
        kind=kinds.named(kind).name,
        payload=dict(payload),
        facts=dict(facts),
        author=author,
        created_at=at,
    )
    _record("approvals.ask", approval, by=author, at=at, details=_bare(facts))
    return approval


@transaction.atomic
def approve(*, approval_id: int, by: str, at: datetime) -> Decision:
    """Do what was asked for. A second time answers the same and does nothing.

    Raises `OwnRequest`, `Decided`, or what the act itself refuses: then the request
    stays pending.
    """
    approval = _locked(approval_id, by)
    if approval.state == ApprovalState.APPROVED:
        return Decision(approval=approval, replayed=True)
    if approval.state == ApprovalState.REJECTED:
        raise Decided()
    done = kinds.named(approval.kind).execute(
        kinds.Act(
            payload=approval.payload,
            reference=f"approval:{approval.pk}",
            author=approval.author,
            by=by,
            at=at,
        )
    )
    approval.result = dict(done.result)
    _decide(approval, ApprovalState.APPROVED, by=by, at=at)
    details = {
        "before": {"state": ApprovalState.PENDING.value, **done.before},
        "after": {"state": ApprovalState.APPROVED.value, **done.after},
    }
    _record("approvals.approve", approval, by=by, at=at, details=details)
    return Decision(approval=approval, replayed=False)


@transaction.atomic
def reject(*, approval_id: int, by: str, at: datetime, reason: str = "") -> Decision:
    """Refuse what was asked for."""
    approval = _locked(approval_id, by)
    if approval.state == ApprovalState.REJECTED:
        return Decision(approval=approval, replayed=True)
    if approval.state == ApprovalState.APPROVED:
        raise Decided()
    approval.reason = reason
    _refuse(approval, by=by, at=at)
    details = {
        "before": {"state": ApprovalState.PENDING.value},
        "after": {"state": ApprovalState.REJECTED.value},
    }
    _record("approvals.reject", approval, by=by, at=at, details=details)
    return Decision(approval=approval, replayed=False)


@transaction.atomic
def withdraw(*, approval_id: int, by: str, at: datetime) -> Approval:
    """Take back what was asked for, before anybody decided it.

    The caller says who may; nobody decided it, so nobody is written as having.
    """
    approval = Approval.objects.select_for_update().get(pk=approval_id)
    if approval.state != ApprovalState.PENDING:
        raise Decided()
    _refuse(approval, by="", at=at)
    _record("approvals.withdraw", approval, by=by, at=at, details={})
    return approval


def _refuse(approval: Approval, *, by: str, at: datetime) -> None:
    _decide(approval, ApprovalState.REJECTED, by=by, at=at)
    undo = kinds.named(approval.kind).refused
    if undo is not None:
        undo(approval.payload)


def _bare(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts without what people wrote or are known by: their names, and the numbers."""
    numbers = {name: told for name, told in facts.items() if isinstance(told, int)}
    return {"fields": sorted(facts), "facts": numbers}


def _locked(approval_id: int, by: str) -> Approval:
    approval = Approval.objects.select_for_update().get(pk=approval_id)
    if person_of(by) == person_of(approval.author):
        raise OwnRequest()
    return approval


def _decide(approval: Approval, state: ApprovalState, *, by: str, at: datetime) -> None:
    approval.state = state
    approval.decided_by = by
    approval.decided_at = at
    approval.save(
        update_fields=["state", "decided_by", "decided_at", "reason", "result"]
    )


def person_of(actor: str) -> str:
    """This is whose deed it is: two keys that one person made are that person."""
    kind, _, number = actor.partition(":")
    if kind != "key":
        return actor
    maker = ApiKey.objects.filter(pk=int(number)).values_list("created_by", flat=True)
    found = maker.first()
    return actor if found is None else f"user:{found}"


def _record(
    action: str,
    approval: Approval,
    *,
    by: str,
    at: datetime,
    details: Mapping[str, Any],
) -> None:
    audit.record_by(
        actor=by,
        action=action,
        target=f"Approval:{approval.pk}",
        details={"kind": approval.kind, **details},
        at=at,
    )
