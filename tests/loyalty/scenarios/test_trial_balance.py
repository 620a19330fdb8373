"""Scenarios L11 and L16: the books after a story of everything, and after work done twice."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from analytics.values import tasks
from config.lib import clock
from loyalty.points import audit
from loyalty.points.models import Activation, Transfer
from members.api import authentication
from tests import factories
from tests.shop import Shop

# Each transfer takes from one account what it gives to another. What members can have is
# what their open lots hold, less what they owe.
TRIAL = """
WITH sides AS (
    SELECT debit_account_id AS account_id, -points AS points FROM loyalty_transfer
     UNION ALL
    SELECT credit_account_id, points FROM loyalty_transfer
), balances AS (
    SELECT account_id, sum(points) AS points FROM sides GROUP BY account_id
)
SELECT coalesce(sum(b.points), 0),
       coalesce(sum(b.points) FILTER (WHERE a.role = 'member'), 0),
       coalesce(sum(a.unspent - a.debt) FILTER (WHERE a.role = 'member'), 0)
  FROM balances b JOIN loyalty_account a ON a.id = b.account_id
"""


@pytest.fixture
def shop(transactional_db, settings, tmp_path) -> Shop:
    """The night reads over connections of its own what was committed."""
    authentication.forget()
    factories.seeds()
    settings.FACTS_URL = str(tmp_path / "facts")
    return Shop()


def story(shop) -> list[str]:
    """Earning, both kinds of return, tender, a hold, a gift, a debt, an end and an undo."""
    shop.at("2026-01-10T10:00:00+01:00")
    anna, ben = shop.member(), shop.member()
    shop.order(anna, "2026-01-10T10:00:00+01:00", "300.00", "49.99")
    gone = shop.order(ben, "2026-01-10T10:00:00+01:00", "120.00")
    shop.give(ben, 500, expires_at="2026-02-28")

    shop.at("2026-02-01T12:00:00+01:00")
    held = shop.hold(anna, 200).json()["id"]
    assert shop.api.post(f"holds/{held}/capture/", {"points": 150}).status_code == 200
    gift = {"to": ben, "points": 100}
    assert shop.api.post(f"members/{anna}/points/transfers/", gift).status_code == 201
    assert shop.spend(ben, 700).status_code == 201
    paid = shop.order(anna, "2026-02-01T12:00:00+01:00", "80.00", points_redeemed=50)
    shop.at("2026-02-03T12:00:00+01:00")
    assert shop.refund(gone["id"], "2026-02-02T09:00:00+01:00").status_code == 201
    part = {"amount": "20.00"}
    assert (
        shop.refund(paid["id"], "2026-02-03T09:00:00+01:00", **part).status_code == 201
    )
    undone = shop.spend(anna, 10).json()["id"]
    path = f"members/{anna}/points/entries/{undone}/undo/"
    back = shop.api.post(path, {"reason": "mistake"})
    assert back.status_code == 201, back.content
    return [anna, ben]


def night(at: str) -> None:
    with clock.override(datetime.fromisoformat(at)):
        tasks.night()


def trial() -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(TRIAL)
        whole, members, kept = cursor.fetchone()
    return int(whole), int(members), int(kept)


def test_l11_the_trial_balance_is_zero_and_a_rebuild_changes_nothing(shop):
    anna, ben = story(shop)
    night("2026-03-01T00:10:00+01:00")

    whole, members, kept = trial()

    assert whole == 0
    shop.at("2026-03-01T00:10:00+01:00")
    found = [shop.points(one) for one in (anna, ben)]
    assert members == kept == sum(one["balance"] - one["debt"] for one in found)
    assert found[1]["debt"] > 0
    kinds = set(Transfer.objects.values_list("kind", flat=True))
    assert {"earn", "redeem", "transfer", "reverse", "restore", "adjust"} <= kinds
    audited = audit.audit()
    assert audited.ok
    assert audited.rebuild_differs == 0


def test_l16_a_night_told_again_after_its_worker_died_posts_nothing_more(shop):
    """The worker had committed when it died, so the broker hands the task out again."""
    story(shop)
    night("2026-03-01T00:10:00+01:00")
    posted = list(Transfer.objects.order_by("pk").values_list("pk", "points"))
    told = list(Activation.objects.order_by("pk").values_list("pk", "at"))
    assert told

    night("2026-03-01T00:10:00+01:00")
    night("2026-03-01T00:15:00+01:00")

    assert list(Transfer.objects.order_by("pk").values_list("pk", "points")) == posted
    assert list(Activation.objects.order_by("pk").values_list("pk", "at")) == told
    assert audit.audit().ok
