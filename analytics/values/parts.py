"""What the values of the last run say of one member, for its profile."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.values.models import MemberValue
from members.programme import queries as programme


def facts(*, member_id: int, at: datetime) -> dict[str, Any] | None:
    """None before the first run that knew the member."""
    found = (
        MemberValue.objects.select_related("run").filter(member_id=member_id).first()
    )
    if found is None:
        return None
    settings = programme.settings_at(at=at)

    def money(minor: int) -> str:
        return str(Decimal(minor).scaleb(-settings.exponent))

    return {
        "as_of": found.run.as_of.isoformat(),
        "currency": settings.currency,
        "orders": found.orders,
        "spend": money(found.spend_minor),
        "orders_12m": found.orders_12m,
        "spend_12m": money(found.spend_12m_minor),
        "recency_days": found.recency_days,
        "first_on": found.first_on.isoformat() if found.first_on else None,
        "last_on": found.last_on.isoformat() if found.last_on else None,
        "r": found.r,
        "f": found.f,
        "m": found.m,
        "stage": found.stage,
        "value_tier": found.value_tier,
    }
