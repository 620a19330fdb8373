"""Every metric against the oracle on one set of orders; shared by real and random data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product

import pytest

from tests.analytics import oracle
from tests.analytics.world import Bought, ask, rows, world


def check_all(orders: Sequence[Bought], as_of: date, *, period: tuple[date, date]):
    """Raises at the first metric that differs from the oracle."""
    facts = world(orders, as_of=as_of)
    f = oracle.frame(orders, as_of)
    _money(facts, f)
    _repurchase(facts, f, period)
    _cohorts(facts, f, as_of)
    _rfm(facts, f, as_of)
    _lifecycle(facts, f, as_of)
    _retention(facts, f, period)
    _clv(facts, f, as_of)
    _tiers(facts, f, as_of)
    _shape(facts, f, as_of)


def _money(facts, f):
    gross, refunds = int(f.amount[~f.refund].sum()), int(f.amount[f.refund].sum())
    answer = ask(facts, "spend", by="month")
    count = int((~f.refund).sum())

    assert rows(answer, "month") == oracle.spend_by_month(f)
    assert (answer["gross"], answer["refunds"]) == (
        oracle.text(gross),
        oracle.text(refunds),
    )
    assert ask(facts, "orders")["value"] == count
    if count:
        mean = oracle.Fraction(gross - refunds, count)
        assert ask(facts, "aov")["value"] == oracle.text(mean)
    if gross:
        assert ask(facts, "refund_rate")["value"] == refunds / gross


def _repurchase(facts, f, period):
    for basis, (again, base) in oracle.repurchase(f, *period).items():
        answer = ask(
            facts,
            "repurchase_rate",
            params={"basis": basis},
            start=period[0],
            end=period[1],
        )
        assert (answer["numerator"], answer["denominator"]) == (again, base), basis
        assert answer["value"] == (again / base if base else None)


def _cohorts(facts, f, as_of):
    found = {
        (row["cohort"], row["k"]): (row["active"], row["size"])
        for row in ask(facts, "cohort_retention")["rows"]
    }
    assert found == oracle.cohorts(f, as_of)


def _rfm(facts, f, as_of):
    for window, rule in product(
        ("all", "12m"), ("strict_less", "ntile_id", "percentile")
    ):
        people = oracle.measures(f, as_of, window)
        scores = oracle.scores(people, rule)
        cells = scores.astype(str).agg("".join, axis=1) if len(scores) else scores.sum()
        params = {"window": window, "rule": rule}
        answer = ask(facts, "rfm", by="cell", params=params)
        assert {
            row["cell"]: (row["members"], row["spend"]) for row in answer["rows"]
        } == {
            cell: (len(spent), oracle.text(int(spent.sum())))
            for cell, spent in people.m.groupby(cells)
        }, params
        for by in "rfm":
            answer = ask(facts, "rfm", by=by, params=params)
            assert rows(answer, "score") == scores[by].value_counts().to_dict()


def _lifecycle(facts, f, as_of):
    prospects = set(f.member) - set(f.member[~f.refund])
    for churn, loyal in ((180, 4), (90, 3), (365, 5)):
        params = {"churn_days": str(churn), "loyal_orders": str(loyal)}
        found = rows(ask(facts, "lifecycle", params=params), "stage")
        expected = oracle.stages(f, as_of, churn, loyal)
        expected["prospect"] = len(prospects)
        assert found == {stage: expected[stage] for stage in found}


def _retention(facts, f, period):
    counts = oracle.activity(f, *period, 90)
    start = counts["start"]
    expected = {
        "retention_rate": counts["kept"],
        "churn_rate": counts["lost"],
        "crr": counts["end"] - counts["new"],
    }
    for name, numerator in expected.items():
        answer = ask(facts, name, params={"days": "90"}, start=period[0], end=period[1])
        assert {key: answer[key] for key in counts} == counts
        assert answer["value"] == (numerator / start if start else None)


def _clv(facts, f, as_of):
    expected = oracle.clv(f, as_of, 3)
    answer = ask(facts, "clv", params={"years": "3"})
    assert (answer["value"], answer["n"]) == (expected or (None, 0))


def _tiers(facts, f, as_of):
    answer = ask(facts, "value_tiers")
    for row in answer["rows"]:
        members, spent, orders, days = oracle.tiers(f, as_of)[row["value_tier"]]
        assert (row["members"], row["spend"], row["orders"]) == (
            members,
            oracle.text(spent),
            orders,
        )
        years = days / 365
        assert row["frequency"] == (pytest.approx(orders / years) if days else None)


def _shape(facts, f, as_of):
    people = oracle.measures(f, as_of, "all")
    if len(f) and oracle.net(f).sum() > 0:
        assert rows(ask(facts, "season_index"), "month") == oracle.seasons(f)
    if len(people) and people.m.sum() > 0:
        answer = ask(facts, "spend_concentration")
        assert (answer["value"], answer["top20_share"]) == oracle.concentration(
            f, as_of
        )
    if len(people):
        found = rows(ask(facts, "second_purchase"), "day")
        for day, share in oracle.second_purchase(f).items():
            assert found[day] == pytest.approx(share, rel=1e-12)
