"""Years of random histories against tiers by pencil; many at once against each alone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.tiers import deciding
from loyalty.tiers import nightly as tiers_at_night
from loyalty.tiers.models import TierMembership
from members.profiles.models import Member
from members.programme import queries as programme
from tests.loyalty.tiers.model import Model
from tests.shop import Shop

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2024, 2, 25)
NAMES = ("base", "silver", "gold")

WINDOWS = st.sampled_from(
    [
        "rolling_30d",
        "rolling_365d",
        "rolling_12m",
        "rolling_1m",
        "calendar_year",
        "membership_year",
        "month",
        "lifetime",
    ]
)
RULES = st.fixed_dictionaries(
    {
        "window": WINDOWS,
        "downgrade": st.sampled_from(["one_step", "to_fit"]),
        "grace_days": st.sampled_from([0, 1, 30]),
        "clawback_days": st.sampled_from([0, 60, 400]),
        "thresholds": st.sampled_from([(100, 200), (100, 1000)]),
    }
)
GAPS = st.sampled_from([0, 1, 2, 28, 30, 31, 90, 180, 364, 365, 366])
ACTS = st.one_of(
    st.tuples(st.just("buy"), st.integers(0, 1), st.sampled_from([50, 99, 100, 1000])),
    st.tuples(st.just("back"), st.integers(0, 1), st.integers(0, 20)),
    st.just(("night", 0, 0)),
)


def sets(rules):
    tiers = [{"key": "base", "threshold": 0}]
    for key, limit in zip(NAMES[1:], rules["thresholds"], strict=True):
        tiers.append(
            {
                "key": key,
                "threshold": f"{limit}.00",
                "basis": "spend",
                "window": rules["window"],
            }
        )
    policy = {
        name: rules[name] for name in ("downgrade", "grace_days", "clawback_days")
    }
    return [{"key": "status", **policy, "tiers": tiers}]


class Played:
    """The same acts by the API and by pencil."""

    def __init__(self, rules, joined):
        self.shop = Shop()
        self.shop.at("2024-01-02T00:00:00Z").publish(tier_sets=sets(rules))
        self.shop.at("2024-02-01T00:00:00Z")
        self.names = [self.shop.member() for _day in joined]
        self.models = [Model(rules=rules, joined=day) for day in joined]
        self.orders = [[], []]
        self.ids = list(Member.objects.order_by("pk").values_list("pk", flat=True))
        for pk, day in zip(self.ids, joined, strict=True):
            Member.objects.filter(pk=pk).update(joined_on=day)

    def do(self, act, day):
        kind, who, what = act
        at = datetime.combine(day, time(12), BERLIN).isoformat()
        if kind == "buy":
            made = self.shop.at(at).order(self.names[who], at, f"{what}.00")
            self.orders[who].append(made["id"])
            self.models[who].buy(day, what)
        elif kind == "back" and self.orders[who]:
            order = what % len(self.orders[who])
            if self.models[who].spent[order][1]:
                answer = self.shop.at(at).refund(self.orders[who][order], at)
                assert answer.status_code in (200, 201), answer.content
                self.models[who].give_back(order, day)
        elif kind == "night":
            day += timedelta(days=1)
            self.night(day)
        return day

    def night(self, morning):
        at = datetime.combine(morning, time(0), BERLIN)
        rules = programme.settings_at(at=at)
        told = {"as_of": at, "settings": rules}
        together = deciding.nightly(member_ids=self.ids, **told)
        alone = [
            one for pk in self.ids for one in deciding.nightly(member_ids=[pk], **told)
        ]
        assert sorted(together, key=str) == sorted(alone, key=str)
        tiers_at_night.run(as_of=at)
        assert tiers_at_night.run(as_of=at) == 0
        for model in self.models:
            model.night(morning)

    def compare(self):
        for pk, model in zip(self.ids, self.models, strict=True):
            rows = TierMembership.objects.filter(member_id=pk).order_by("pk")
            found = [(r.tier, r.earned_on, r.ends_on, r.reason) for r in rows]
            assert found == [
                (NAMES[h.rank], h.earned_on, h.ends_on, h.reason) for h in model.history
            ]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rules=RULES,
    joined=st.tuples(
        st.sampled_from([date(2024, 2, 1), date(2020, 2, 29)]),
        st.dates(date(2015, 1, 1), date(2024, 2, 1)),
    ),
    acts=st.lists(st.tuples(GAPS, ACTS), min_size=4, max_size=18),
)
def test_years_of_histories(rules, joined, acts):
    with transaction.atomic():
        played = Played(rules, joined)
        day = FIRST
        for gap, act in acts:
            day += timedelta(days=gap)
            day = played.do(act, day)
            played.compare()
        transaction.set_rollback(True)
