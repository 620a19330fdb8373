"""Metrics of points by hand, through the registry and through the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from config.lib import clock
from tests.analytics.world import ask, moved, rows, tuned, world
from tests.loyalty.points import pages

# January's points are known to their end: 950 of 1,000 redeemed, 50 lapsed in March.
POINTS = [
    moved("2026-01-05", 1_000, expires_in="2026-03", value=1_000_000),
    moved("2026-01-20", -450, "spent", expires_in="2026-03", value=1_000_000),
    moved("2026-02-10", -500, "spent", cohort="2026-01", expires_in="2026-03"),
    moved("2026-03-31", -50, "expired", cohort="2026-01", expires_in="2026-03"),
    moved("2026-04-02", 10_000, expires_in="2026-06", price=100_000, value=1_000_000),
    moved("2026-04-25", -4_500, "spent", expires_in="2026-06", value=1_000_000),
    moved("2026-04-26", 30, source="birthday", pending=True),
]
YEN = tuned(currency="JPY")


def facts(day: str, **more):
    return world([], points=POINTS, as_of=day, settings=YEN, **more)


def test_liability_is_what_members_hold():
    answer = ask(facts("2026-04-30"), "points_liability")

    assert (answer["value"], answer["pending"], answer["available"]) == (
        5_530,
        30,
        5_500,
    )
    # 5,530 points of 0.01 each: 55.30, half to even of a currency without minor units.
    assert answer["money"] == "55"


@pytest.mark.parametrize(
    ("by", "cells"),
    [
        ("month", {"2026-01": 550, "2026-02": 50, "2026-03": 0, "2026-04": 5_530}),
        ("expiry", {"2026-06": 5_500, None: 30}),
        ("cohort", {"2026-04": 5_530}),
        ("source", {"birthday": 30, "purchase": 5_500}),
        ("currency", {"points": 5_530}),
    ],
)
def test_liability_is_cut(by, cells):
    answer = ask(facts("2026-04-30"), "points_liability", by=by)

    assert rows(answer, by) == cells


def test_breakage_is_what_lapsed_and_what_will():
    answer = ask(facts("2026-04-30"), "breakage_rate", by="cohort")

    # 50 lapsed. Of 5,530 open points in the second month of their life 5 of 55 lapse.
    lapses = 50 + 5_530 * 50 / 550
    assert answer["value"] == pytest.approx(lapses / 11_030, rel=0.01)
    assert rows(answer, "cohort")["2026-01"] == 0.05
    assert answer["low"] <= answer["value"] <= answer["high"]
    assert answer["enough"] is False


def test_deferred_revenue_is_l47():
    answer = ask(facts("2026-04-30"), "deferred_revenue", by="cohort")

    april = answer["rows"][-1]
    assert (april["allocated"], april["recognised"], april["value"]) == (
        "8676",
        "4110",
        "4566",
    )
    assert answer["value"] == "4566"


def test_metrics_of_points_do_not_look_ahead():
    later = [moved("2026-05-01", -5_000, "expired", cohort="2026-04")]
    ahead = world([], points=[*POINTS, *later], as_of="2026-04-30", settings=YEN)

    for name in ("points_liability", "breakage_rate", "deferred_revenue"):
        for by in ("month", "cohort"):
            assert ask(ahead, name, by=by) == ask(facts("2026-04-30"), name, by=by)


def test_scope_of_stores_has_no_liability():
    answer = ask(facts("2026-04-30", scope=frozenset({"S1"})), "points_liability")

    assert (answer["value"], answer["n"]) == (None, 0)


def test_command_sees_what_was_posted_a_moment_ago(books, capsys):
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    member = pages.member()
    told = []
    for points in (100, 50):
        pages.give(member, points, at=at)
        with clock.override(at):
            call_command("metric", "points_liability", "--by", "month")
        told.append(json.loads(capsys.readouterr().out))

    assert [one["value"] for one in told] == [100, 150]
    assert told[1]["rows"][-1]["month"] == "2026-03"
