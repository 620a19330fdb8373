"""Every metric against the oracle on one set of orders; shared by real and random data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import product
from typing import Any

import pytest

from tests.analytics import oracle, world
from tests.analytics.world import Bought, rows

Ask = Callable[..., dict[str, Any]]


def check_all(
    orders: Sequence[Bought],
    as_of: date,
    *,
    period: tuple[date, date],
    ask: Ask | None = None,
) -> None:
    """Raises at the first metric that differs from the oracle.

    `ask` answers a metric as of the day; without it the orders are made into facts.
    """
    ask = ask or partial(world.ask, world.world(orders, as_of=as_of))
    f = oracle.frame(orders, as_of)
    _money(ask, f)
    _repurchase(ask, f, period)
    _cohorts(ask, f, as_of)
    _rfm(ask, f, as_of)
    _lifecycle(ask, f, as_of)
    _retention(ask, f, period)
    _clv(ask, f, as_of)
    _tiers(ask, f, as_of)
    _shape(ask, f, as_of)


def _money(ask, f):
    gross, refunds = int(f.amount[~f.refund].sum()), int(f.amount[f.refund].sum())
    answer = ask("spend", by="month")
    count = int((~f.refund).sum())

    assert rows(answer, "month") == oracle.spend_by_month(f)
    assert (answer["gross"], answer["refunds"]) == (
        oracle.text(gross),
        oracle.text(refunds),
    )
    assert ask("orders")["value"] == count
    if count:
        mean = oracle.Fraction(gross - refunds, count)
        assert ask("aov")["value"] == oracle.text(mean)
    if gross:
        assert ask("refund_rate")["value"] == refunds / gross


def _repurchase(ask, f, period):
    for basis, (again, base) in oracle.repurchase(f, *period).items():
        answer = ask(
            "repurchase_rate",
            params={"basis": basis},
            start=period[0],
            end=period[1],
        )
        assert (answer["numerator"], answer["denominator"]) == (again, base), basis
        assert answer["value"] == (again / base if base else None)


def _cohorts(ask, f, as_of):
    found = {
        (row["cohort"], row["k"]): (row["active"], row["size"])
        for row in ask("cohort_retention")["rows"]
    }
    assert found == oracle.cohorts(f, as_of)


def _rfm(ask, f, as_of):
    for window, rule in product(
        ("all", "12m"), ("strict_less", "ntile_id", "percentile")
    ):
        people = oracle.measures(f, as_of, window)
        scores = oracle.scores(people, rule)
        cells = scores.astype(str).agg("".join, axis=1) if len(scores) else scores.sum()
        params = {"window": window, "rule": rule}
        answer = ask("rfm", by="cell", params=params)
        assert {
            row["cell"]: (row["members"], row["spend"]) for row in answer["rows"]
        } == {
            cell: (len(spent), oracle.text(int(spent.sum())))
            for cell, spent in people.m.groupby(cells)
        }, params
        for by in "rfm":
            answer = ask("rfm", by=by, params=params)
            assert rows(answer, "score") == scores[by].value_counts().to_dict()


def _lifecycle(ask, f, as_of):
    prospects = set(f.member) - set(f.member[~f.refund])
    for churn, loyal in ((180, 4), (90, 3), (365, 5)):
        params = {"churn_days": str(churn), "loyal_orders": str(loyal)}
        found = rows(ask("lifecycle", params=params), "stage")
        expected = oracle.stages(f, as_of, churn, loyal)
        expected["prospect"] = len(prospects)
        assert found == {stage: expected[stage] for stage in found}


def _retention(ask, f, period):
    counts = oracle.activity(f, *period, 90)
    start = counts["start"]
    expected = {
        "retention_rate": counts["kept"],
        "churn_rate": counts["lost"],
        "crr": counts["end"] - counts["new"],
    }
    for name, numerator in expected.items():
        answer = ask(name, params={"days": "90"}, start=period[0], end=period[1])
        assert {key: answer[key] for key in counts} == counts
        assert answer["value"] == (numerator / start if start else None)


def _clv(ask, f, as_of):
    expected = oracle.clv(f, as_of, 3)
    answer = ask("clv", params={"years": "3"})
    assert (answer["value"], answer["n"]) == (expected or (None, 0))


def _tiers(ask, f, as_of):
    answer = ask("value_tiers")
    for row in answer["rows"]:
        members, spent, orders, days = oracle.tiers(f, as_of)[row["value_tier"]]
        assert (row["members"], row["spend"], row["orders"]) == (
            members,
            oracle.text(spent),
            orders,
        )
        years = days / 365
        assert row["frequency"] == (pytest.approx(orders / years) if days else None)


def _shape(ask, f, as_of):
    people = oracle.measures(f, as_of, "all")
    if len(f) and oracle.net(f).sum() > 0:
        assert rows(ask("season_index"), "month") == oracle.seasons(f)
    if len(people) and people.m.sum() > 0:
        answer = ask("spend_concentration")
        assert (answer["value"], answer["top20_share"]) == oracle.concentration(
            f, as_of
        )
    if len(people):
        found = rows(ask("second_purchase"), "day")
        for day, share in oracle.second_purchase(f).items():
            assert found[day] == pytest.approx(share, rel=1e-12)
