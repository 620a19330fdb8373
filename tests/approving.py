"""A kind of approval that makes a store, or refuses to."""

from __future__ import annotations

from datetime import UTC, datetime

from config.lib.errors import DomainError
from members.approvals import kinds, services
from members.approvals.models import Approval
from tests import factories

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Refused(DomainError):
    code = "not_today"


def execute(act: kinds.Act) -> kinds.Done:
    if act.payload.get("refuse"):
        raise Refused()
    factories.store(act.payload["code"])
    return kinds.Done(
        result={"code": act.payload["code"]},
        before={"stores": 0},
        after={"stores": 1},
    )


def register(execute=execute) -> None:
    kinds.register(
        kinds.Kind(name="test", title="Test", scope="points:write", execute=execute)
    )


def forget() -> None:
    kinds._KINDS.pop("test")


def asked(author: str = "key:0", **payload) -> Approval:
    payload.setdefault("code", "S-ASKED")
    return services.ask(kind="test", payload=payload, facts={}, author=author, at=AT)
