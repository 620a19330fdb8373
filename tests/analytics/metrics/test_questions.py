"""What the registry refuses, what it says of itself, and members behind cells."""

from __future__ import annotations

import json
from datetime import date

import pytest

from analytics.metrics import queries, registry
from analytics.metrics.base import Metric
from config.lib.errors import DomainError
from tests.analytics.world import ask, bought, person, world


@pytest.fixture
def facts():
    orders = [bought(m, f"2025-0{1 + m % 3}-01", 100 * m) for m in range(1, 12)]
    orders += [bought(m, "2025-03-15", 50) for m in range(1, 6)]
    return world(orders, [person(20, "2025-01-01")], as_of="2025-06-30")


@pytest.mark.parametrize(
    ("question", "field", "says"),
    [
        ({"name": "clvv"}, "name", "spend_concentration"),
        ({"name": "spend", "by": "tier"}, "by", "value_tier"),
        ({"name": "repurchase_rate", "by": "month"}, "by", "no dimension"),
        ({"name": "clv", "params": {"kind": "predicted"}}, "kind", "turnover, margin"),
        ({"name": "clv", "params": {"months": "6"}}, "months", "kind, years, margin"),
        ({"name": "clv", "params": {"margin": "2"}}, "margin", "from 0 to 1"),
        (
            {"name": "clv", "params": {"kind": "turnover", "margin": "0.5"}},
            "param",
            "kind=margin",
        ),
        ({"name": "rfm", "params": {"rule": "best"}}, "rule", "strict_less, ntile_id"),
        ({"name": "rfm", "start": date(2025, 1, 1)}, "from", "takes no period"),
        ({"name": "lifecycle", "params": {"churn_days": "x"}}, "churn_days", "whole"),
        ({"name": "crr", "params": {"days": "0"}}, "days", "from 1"),
        (
            {"name": "spend", "start": date(2025, 2, 1), "end": date(2025, 1, 1)},
            "from",
            "after its end",
        ),
        ({"name": "orders", "params": {"x": "1"}}, "x", "no parameter"),
    ],
)
def test_refusal_names_the_field_and_what_it_accepts(facts, question, field, says):
    with pytest.raises(DomainError) as refused:
        queries.answer(facts=facts, **question)

    assert refused.value.field == field
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("name", "by", "key"),
    [
        ("rfm", "cell", "cell"),
        ("rfm", "r", "score"),
        ("rfm", "rf", "rf"),
        ("lifecycle", "stage", "stage"),
        ("value_tiers", "value_tier", "value_tier"),
    ],
)
def test_members_behind_every_cell_are_as_many_as_it_says(facts, name, by, key):
    for row in ask(facts, name, by=by)["rows"]:
        table = queries.members_of(facts=facts, name=name, by=by, cell=str(row[key]))

        ids = queries.member_ids(table)

        assert (len(ids), len(set(ids))) == (row["members"], row["members"])


def test_members_behind_every_cohort_cell_are_as_many_as_it_says(facts):
    for row in ask(facts, "cohort_retention")["rows"]:
        cell = f"{row['cohort']},{row['k']}"
        table = queries.members_of(facts=facts, name="cohort_retention", cell=cell)

        assert len(queries.member_ids(table)) == row["active"]


def test_members_behind_every_move_are_as_many_as_it_says_and_all_members(facts):
    day = {"start": date(2025, 1, 31), "end": date(2025, 2, 28)}
    answer = ask(facts, "lifecycle_moves", **day)
    for row in answer["rows"]:
        cell = f"{row['from_stage']},{row['to_stage']}"
        table = queries.members_of(
            facts=facts, name="lifecycle_moves", cell=cell, **day
        )

        assert len(queries.member_ids(table)) == row["members"]
    assert sum(row["members"] for row in answer["rows"]) == answer["n"]


@pytest.mark.parametrize("name", ["start", "end", "new", "kept", "lost", "came_back"])
def test_members_behind_retention_are_as_many_as_it_says(facts, name):
    answer = ask(facts, "retention_rate")

    table = queries.members_of(facts=facts, name="retention_rate", cell=name)

    assert len(queries.member_ids(table)) == answer[name]


def test_members_behind_the_population_are_as_many_as_it_says(facts):
    table = queries.members_of(facts=facts, name="members", cell="all")

    assert len(queries.member_ids(table)) == ask(facts, "members")["n"]


@pytest.mark.parametrize("cell", ["1997", "1997-01,x", ""])
def test_cohort_cell_that_is_none_is_refused(facts, cell):
    with pytest.raises(queries.BadQuestion) as refused:
        queries.members_of(facts=facts, name="cohort_retention", cell=cell)

    assert refused.value.field == "cell"


def test_metric_without_people_behind_it_lists_nobody(facts):
    with pytest.raises(queries.BadQuestion):
        queries.members_of(facts=facts, name="spend", cell="2025-01")


def test_answer_is_json_and_carries_what_a_number_must(facts):
    answer = json.loads(json.dumps(ask(facts, "clv", by="stage")))

    assert {"metric", "version", "definition", "as_of", "from", "to", "value"} <= set(
        answer
    )
    assert {"numerator", "denominator", "n", "rows"} <= set(answer)


@pytest.mark.parametrize(
    "metric", registry.all_metrics(), ids=lambda metric: metric.name
)
def test_registry_entry_says_everything_about_its_number(metric: Metric):
    assert all(
        str(text)
        for text in (
            metric.title,
            metric.words,
            metric.formula,
            metric.base,
            metric.grain,
            metric.time_column,
            *metric.source,
        )
    )
    assert all(param.words for param in metric.params)


def test_registry_holds_the_metrics_of_this_release():
    assert {metric.name for metric in registry.all_metrics()} == {
        "members",
        "orders",
        "spend",
        "aov",
        "purchase_frequency",
        "refund_rate",
        "order_refund_rate",
        "category_variety",
        "repurchase_rate",
        "cohort_retention",
        "rfm",
        "lifecycle",
        "lifecycle_moves",
        "retention_rate",
        "churn_rate",
        "crr",
        "clv",
        "value_tiers",
        "season_index",
        "spend_concentration",
        "second_purchase",
        "points_liability",
        "breakage_rate",
        "deferred_revenue",
    }


def test_metric_is_registered_once():
    with pytest.raises(ValueError, match="registered already"):
        registry.register([registry.metric("spend")])
