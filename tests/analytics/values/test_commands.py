from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from analytics.values.models import MemberValue
from loyalty.orders.models import ChangedMonth
from members.audit.models import AuditEntry
from tests import factories

COLUMNS = (
    "external_id,joined_on,orders,spend,recency_days,r,f,m,stage,value_tier,p_alive,"
    "expected_orders_12m,clv_12m,churn_risk,loyalty_index,points_active"
)


@pytest.fixture
def shop(books):
    ana = factories.member("17", joined_on=date(2025, 1, 1))
    factories.order(ana, minor=1050, on=date(2025, 1, 1))
    factories.order(ana, minor=1100, on=date(2025, 3, 31), kind="refund")
    factories.member("18", joined_on=date(2025, 2, 1))
    return ana


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_metric_prints_one_json_object(shop):
    answer = json.loads(run("metric", "spend", "--as-of", "2025-12-31", "--by", "year"))

    assert answer == {
        "metric": "spend",
        "version": 1,
        "definition": answer["definition"],
        "as_of": "2025-12-31",
        "from": None,
        "to": "2025-12-31",
        "value": "-0.50",
        "numerator": None,
        "denominator": None,
        "n": 1,
        "gross": "10.50",
        "refunds": "11.00",
        "unit": "money",
        "params": {},
        "rows": [
            {
                "year": "2025",
                "value": "-0.50",
                "gross": "10.50",
                "refunds": "11.00",
                "orders": 1,
                "members": 1,
            }
        ],
    }


def test_metric_sees_orders_committed_a_moment_ago(shop):
    run("metric", "orders")
    factories.order(shop, on=date(2025, 5, 1))
    ChangedMonth.objects.create(month=date(2025, 5, 1))

    assert json.loads(run("metric", "orders"))["value"] == 2


def test_metric_takes_parameters_and_a_period(shop):
    answer = json.loads(
        run(
            "metric",
            "clv",
            *("--from", "2025-01-01", "--to", "2025-01-31", "--as-of", "2025-12-31"),
            *("--param", "years=2", "--param", "kind=turnover"),
        )
    )

    assert (answer["value"], answer["to"]) == ("21.00", "2025-01-31")


@pytest.mark.parametrize(
    "arguments",
    [
        ["metric", "nothing"],
        ["metric", "spend", "--by", "moon"],
        ["metric", "spend", "--as-of", "31.12.2025"],
        ["metric", "clv", "--param", "kind=predicted"],
        ["metric", "clv", "--param", "years"],
        ["metric", "orders", "--from", "2025-02-01", "--to", "2025-01-01"],
        ["recompute", "--as-of", "2999-01-01"],
        ["recompute", "--engine", "abacus"],
        ["export_members", "--out", "members.xlsx"],
        ["export_members", "--out", "/nowhere/members.csv"],
    ],
)
def test_unusable_input_exits_2(shop, arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)

    assert refused.value.returncode == 2


def test_recompute_prints_json(shop):
    done = json.loads(run("recompute", "--json"))

    assert (done["members"], done["snapshot"]) == (2, None)
    assert MemberValue.objects.count() == 2


def test_recompute_says_where_a_past_day_went(shop):
    said = run("recompute", "--as-of", "2025-06-30")

    assert said == "2 members as of 2025-06-30: snapshot 2025-06-30.parquet\n"


def test_export_writes_the_contracts_columns_as_csv(shop, tmp_path):
    out = tmp_path / "members.csv"

    said = run("export_members", "--as-of", "2025-04-01", "--out", str(out), "--json")

    assert json.loads(said)["rows"] == 2
    assert out.read_text().splitlines() == [
        COLUMNS,
        "17,2025-01-01,1,-0.50,90,1,1,1,first,high,,,,,,",
        "18,2025-02-01,0,0.00,,,,,prospect,,,,,,,",
    ]


def test_export_knows_nothing_later_than_its_day(shop, tmp_path):
    out = tmp_path / "members.csv"

    run("export_members", "--as-of", "2025-01-15", "--out", str(out))

    with out.open() as file:
        assert [(row["external_id"], row["spend"]) for row in csv.DictReader(file)] == [
            ("17", "10.50")
        ]


def test_export_writes_parquet_with_exact_money(shop, tmp_path):
    out = tmp_path / "members.parquet"

    run("export_members", "--out", str(out))

    found = pq.read_table(out).to_pylist()
    assert ",".join(found[0]) == COLUMNS
    assert [row["spend"] for row in found] == [Decimal("-0.50"), Decimal("0.00")]


def test_export_is_audited_without_personal_values(shop, tmp_path):
    run("export_members", "--as-of", "2025-04-01", "--out", str(tmp_path / "m.csv"))

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == (
        "members.export",
        {"rows": 2, "file": "m.csv"},
    )


def test_export_into_a_folder_that_refuses_leaves_no_draft(shop, tmp_path, monkeypatch):
    out = tmp_path / "members.csv"

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CommandError, match="No space left"):
        run("export_members", "--out", str(out))

    assert list(tmp_path.glob("*members.csv*")) == []
