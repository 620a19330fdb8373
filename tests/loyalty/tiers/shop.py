"""A shop with tiers: what scenarios say of it, by the HTTP API and the night."""

from __future__ import annotations

from datetime import datetime

from loyalty.points import nightly
from loyalty.tiers import nightly as tiers_at_night
from members.programme import queries as programme
from tests.shop import Shop

GOLD = {
    "key": "status",
    "downgrade": "one_step",
    "grace_days": 30,
    "validity": "window",
    "tiers": [
        {"key": "base", "name": "Base", "threshold": 0},
        {"key": "silver", "name": "Silver", "threshold": 500},
        {"key": "gold", "name": "Gold", "threshold": 1000},
    ],
}


def tiers(shop: Shop, *sets):
    # From before the first purchase: a version is in force from its own moment on.
    return shop.at("2024-01-02T00:00:00Z").publish(tier_sets=list(sets))


def tier(shop: Shop, member: str, **query):
    response = shop.api.get(f"members/{member}/tier/", **query)
    assert response.status_code == 200, response.content
    return response.json()


def held(shop: Shop, member: str) -> str:
    return str(tier(shop, member)["tier"])


def night(shop: Shop, at: str) -> dict[str, int]:
    """The books' and the tiers' part of a night; `run_nightly` adds the values."""
    now = datetime.fromisoformat(at)
    settings = programme.settings_at(at=now)
    run = nightly.begin(as_of=nightly.night_of(at=now, settings=settings), at=now)
    if run.finished_at is None:
        nightly.books(run=run, now=now, report=lambda step, done: None)
        nightly.do(
            run=run,
            step="tiers",
            work=lambda told: tiers_at_night.run(as_of=run.as_of, report=told),
            report=lambda done: None,
        )
        nightly.end(run=run, at=now)
    shop.at(at)
    return dict(run.steps)


def buy(shop: Shop, member: str, at: str, *amounts: str):
    return shop.at(at).order(member, at, *amounts)


def gold_until_february(shop, **policy):
    tiers(shop, {**GOLD, **policy})
    member = shop.at("2025-08-01T12:00:00+02:00").member()
    buy(shop, member, "2025-08-01T12:00:00+02:00", "600.00")
    assert held(shop, member) == "silver"
    buy(shop, member, "2026-02-10T12:00:00+01:00", "500.00")
    return member
