"""Posts a stream of operations, one after the other, and says which are done.

python -m tests.loyalty.points.killed_postings WORKER COUNT FIRST: the operations of a
worker are the same every time; it stops where PostgreSQL is gone.
"""

from __future__ import annotations

import random
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import django

START = datetime(2026, 3, 1, tzinfo=UTC)


def operations(
    worker: int, count: int, members: list[int]
) -> list[tuple[str, list[int]]]:
    """The stream of a worker; its members are its own, so who is faster does not matter."""
    made = random.Random(worker)
    return [
        (made.choice(["earn", "earn", "redeem", "give"]), made.sample(members, 2))
        for _ in range(count)
    ]


def main(worker: int, count: int, first: int) -> None:
    django.setup()
    from django.db import DatabaseError  # noqa: PLC0415  needs Django set up

    from loyalty.points import errors  # noqa: PLC0415
    from members.profiles.models import Member  # noqa: PLC0415

    try:
        members = sorted(Member.objects.values_list("pk", flat=True))[worker::4]
        for n, (kind, pair) in enumerate(operations(worker, count, members)):
            if n >= first:
                at = START + timedelta(minutes=n)
                with suppress(errors.InsufficientPoints):
                    _post(kind, *pair, reference=f"{worker}-{n}", at=at)
                print(n, flush=True)
    except DatabaseError:
        return


def _post(kind: str, member: int, other: int, *, reference: str, at: datetime) -> None:
    from loyalty.points import postings, services  # noqa: PLC0415  as above
    from loyalty.points.enums import Role, TransferKind  # noqa: PLC0415
    from members.programme.rules import Settings  # noqa: PLC0415

    if kind == "redeem":
        services.redeem(
            member_id=member,
            points=25,
            reference=reference,
            actor="",
            at=at,
            now=at,
            settings=Settings(),
        )
    elif kind == "earn":
        postings.credit(
            kind=TransferKind.EARN,
            role=Role.ISSUED,
            member_id=member,
            points=10,
            currency="points",
            reference=reference,
            digest="",
            at=at,
            now=at,
            available_at=at,
            expires_at=at + timedelta(hours=6),
            rolling=False,
            version=1,
        )
    else:
        services.transfer(
            from_member_id=member,
            to_member_id=other,
            points=5,
            reference=reference,
            actor="",
            now=at,
            settings=Settings(),
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
