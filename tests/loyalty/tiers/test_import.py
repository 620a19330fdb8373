"""A file of orders lifts members as a till would have, all at once."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.lib import clock
from loyalty.orders import batches
from loyalty.orders import services as orders
from loyalty.orders.rules import Line
from loyalty.tiers.models import TierMembership
from members.imports.models import ImportBatch
from members.profiles.models import Identifier
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.orders.test_import_earns import load

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
SETS = [
    {
        "key": "status",
        "grace_days": 30,
        "tiers": [
            {"key": "base", "threshold": 0},
            {"key": "silver", "threshold": 100},
            {"key": "gold", "threshold": 300},
        ],
    },
    {
        "key": "vip",
        "downgrade": "to_fit",
        "tiers": [
            {"key": "ordinary", "threshold": 0},
            {"key": "vip", "threshold": 100, "basis": "spend", "window": "month"},
        ],
    },
]


@pytest.fixture(autouse=True)
def _rules():
    first = ProgrammeVersion.objects.get(number=1)
    ProgrammeVersion.objects.create(
        number=2,
        settings={**first.settings, "time_zone": "Europe/Berlin", "tier_sets": SETS},
        created_at=NOW,
    )
    with clock.override(NOW):
        yield


def held() -> dict[tuple[str, str], tuple]:
    rows = TierMembership.objects.filter(valid_until=None)
    names = dict(Identifier.objects.values_list("member_id", "value"))
    return {
        (names[row.member_id], row.tier_set): (row.tier, row.earned_on, row.ends_on)
        for row in rows
    }


def row(n: int, member: str, day: date, euros: int) -> str:
    return f"{n},{member},{day} 12:00,{euros}.00,,,,\n"


def test_file_lifts_by_the_day_each_order_was_placed(tmp_path):
    load(
        tmp_path,
        row(1, "ana", date(2025, 8, 1), 200)
        + row(2, "ana", date(2026, 2, 10), 100)
        + row(3, "bo", date(2024, 1, 1), 900)
        + row(4, "cleo", date(2026, 5, 20), 99),
    )

    # Bo's was over long ago, and Cleo's month lacks one.
    assert held() == {
        ("ana", "status"): ("gold", date(2026, 2, 10), date(2027, 2, 10)),
    }


def test_refund_in_a_later_file_takes_back(tmp_path):
    load(tmp_path, row(1, "ana", date(2026, 5, 1), 300))
    assert held()["ana", "status"][0] == "gold"

    load(tmp_path, "r1,ana,2026-05-20 12:00,150.00,refund,1,,\n")

    assert held()["ana", "status"][0] == "silver"


def test_undone_file_takes_back_what_it_lifted(tmp_path):
    load(tmp_path, row(1, "ana", date(2026, 5, 1), 100))
    load(tmp_path, row(2, "ana", date(2026, 5, 2), 200))
    assert held()["ana", "status"][0] == "gold"

    batches.undo_batch(batch=ImportBatch.objects.latest("pk"), at=NOW)

    assert held()["ana", "status"][0] == "silver"


def test_corrected_order_takes_back_what_it_no_longer_reaches(tmp_path):
    load(tmp_path, row(1, "ana", date(2026, 5, 1), 300))

    load(tmp_path, row(1, "ana", date(2026, 5, 1), 120), "--update")

    assert held()["ana", "status"][0] == "silver"


@pytest.mark.parametrize("seed", range(5))
def test_file_is_as_the_same_orders_told_one_by_one(tmp_path, seed):
    chance = random.Random(seed)
    told = sorted(
        (
            NOW.date() - timedelta(days=chance.randrange(1, 800)),
            f"m{chance.randrange(12)}",
            chance.choice([20, 50, 100, 150]),
        )
        for _ in range(120)
    )
    load(tmp_path, "".join(row(n, m, day, e) for n, (day, m, e) in enumerate(told)))
    at_once = held()

    twins = {}
    for n, (day, name, euros) in enumerate(told):
        if name not in twins:
            twins[name] = factories.member(f"twin-{name}")
        order = orders.Told(
            source="till",
            external_id=f"t-{n}",
            member_id=twins[name].pk,
            placed_at=datetime(day.year, day.month, day.day, 12, tzinfo=NOW.tzinfo),
            lines=[Line(amount_minor=euros * 100)],
        )
        orders.record(told=order, by=None, actor="till", at=NOW)

    # The tier is the same; its term may not be, for a till that tells the last order
    # renews at once what a file leaves in its days of grace for the night to renew.
    tiers = {key: value[0] for key, value in held().items() if key not in at_once}
    assert {
        (name.removeprefix("twin-"), tier_set): tier
        for (name, tier_set), tier in tiers.items()
    } == {key: value[0] for key, value in at_once.items()}
