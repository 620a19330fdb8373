"""Replays by worked cases: what a draft costs, who gains, what would still be owed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty.orders import earning, history
from loyalty.orders.enums import OrderKind
from loyalty.points import services as points
from loyalty.points.models import Transfer
from loyalty.replay import rules, services
from loyalty.replay.models import Replay
from members.jobs import services as jobs
from members.jobs.enums import JobState
from members.jobs.models import Job
from members.programme import queries as programme
from members.programme.models import ProgrammeVersion
from members.settings import drafts
from tests import factories
from tests.loyalty.replay.playing import NOW, draft, replayed

pytestmark = pytest.mark.django_db
TWICE = {"points": 2}


@pytest.fixture
def mia():
    return factories.member("mia")


@pytest.fixture
def leo():
    return factories.member("leo")


def today(**values) -> None:
    ProgrammeVersion.objects.create(
        number=2, settings=values, effective_from=None, created_at=factories.AT
    )


def earn(*orders) -> None:
    ids = [order.pk for order in orders]
    earning.earn_many(order_ids=ids, actor="", now=NOW)


def side(replay: Replay, place: int) -> Any:
    return (replay.result or {})["sides"][place]


def test_twice_the_rate_costs_what_the_arithmetic_says_rounding_included(mia):
    factories.order(mia, minor=1099)
    factories.order(mia, minor=550)

    found = replayed(draft(earn=TWICE))

    # floor(10.99) + floor(5.50), and floor(21.98) + floor(11.00): not 2 x 15.
    assert [s["points"] for s in found.result["sides"]] == [15, 32]
    assert [s["cost_minor"] for s in found.result["sides"]] == [15, 32]


def test_a_limit_of_the_day_holds_in_the_replay(mia, leo):
    for person, minor in ((mia, 900), (mia, 800), (leo, 700)):
        factories.order(person, minor=minor)

    found = replayed(draft(earn={**TWICE, "caps": {"member_day": 20}}))

    # Mia: 18 + 16 are cut to 20; Leo: 14.
    assert [s["points"] for s in found.result["sides"]] == [24, 34]


def test_a_limit_for_everybody_holds_over_all_members_at_once(mia, leo):
    factories.order(mia, minor=3000, on=date(2026, 3, 1))
    factories.order(leo, minor=2000, on=date(2026, 2, 1))

    found = replayed(draft(earn={"caps": {"total": 45}}), batch=1)

    assert [s["points"] for s in found.result["sides"]] == [50, 45]
    # Leo bought first; the limit cuts Mia.
    (row,) = found.result["pairs"][0]["ends"]
    assert (row["member_id"], row["difference"]) == (mia.pk, -5)


def test_a_limit_for_everybody_counts_what_was_earned_before_the_window(mia):
    today(earn={"caps": {"total": 45}})
    old = factories.order(mia, minor=4000, on=date(2025, 1, 1))
    new = factories.order(mia, minor=2000, on=date(2026, 2, 1))
    earn(old, new)

    found = replayed(draft())

    assert [s["points"] for s in found.result["sides"]] == [5, 5]
    assert found.result["ledger"]["points"] == 5


def test_a_return_takes_its_share_and_the_cost_falls(mia):
    order = factories.order(mia, minor=1000)
    factories.order(mia, minor=333, kind=OrderKind.REFUND, refund_of=order)

    found = replayed(draft(earn=TWICE))

    # 3 of 10 and 6 of 20: rounded down, as the books round.
    assert [(s["back"], s["net"]) for s in found.result["sides"]] == [(3, 7), (6, 14)]


def test_money_follows_what_a_point_pays_under_each_side(mia):
    factories.order(mia, minor=100_00)

    found = replayed(draft(point_value="0.02"))

    assert [s["cost_minor"] for s in found.result["sides"]] == [100, 200]


def test_orders_outside_the_window_do_not_count(mia):
    factories.order(mia, minor=1000, on=date(2026, 5, 31))
    factories.order(mia, minor=2000, on=date(2026, 6, 1))
    factories.order(mia, minor=4000, on=date(2026, 6, 16))  # after the as-of

    assert side(replayed(draft(), months=1), 0)["points"] == 20
    assert side(replayed(draft(), months=2), 0)["points"] == 30


def test_winners_losers_and_those_who_stay_are_all_members_with_orders(mia, leo):
    third = factories.member()
    for person, category in ((mia, "tea"), (leo, "rice"), (third, "")):
        order = factories.order(person, minor=1000)
        order.lines.create(line_no=1, category=category, amount_minor=1000)
    rule = {"multipliers": {"tea": "3"}, "excluded_categories": ["rice"]}

    (pair,) = replayed(draft(earn=rule)).result["pairs"]

    assert (pair["winners"], pair["losers"], pair["same"]) == (1, 1, 1)
    assert (pair["gained"], pair["lost"]) == (20, 10)
    assert [(row["member_id"], row["difference"]) for row in pair["ends"]] == [
        (mia.pk, 20),
        (leo.pk, -10),
    ]
    assert pair["buckets"] == {"5": 1, "9": 1}  # -99 … -10 and 10 … 49


def test_two_drafts_stand_beside_each_other_and_beside_today(mia):
    factories.order(mia, minor=1000)

    found = replayed(draft("Two", earn=TWICE), draft("Three", earn={"points": 3}))

    assert [s["points"] for s in found.result["sides"]] == [10, 20, 30]
    pairs = {(p["from"], p["to"]): p["gained"] for p in found.result["pairs"]}
    assert pairs == {(0, 1): 10, (0, 2): 20, (1, 2): 10}


def test_a_card_of_stamps_goes_on_where_its_rule_stays_and_begins_anew_where_not(mia):
    card = {"name": "cup", "every": 2, "points": 100}
    today(earn={"points": 0, "stamps": [card]})
    days = (date(2025, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
    earn(*(factories.order(mia, minor=100, on=day) for day in days))
    same = draft(earn={"points": 0, "stamps": [card]})
    other = draft(earn={"points": 0, "stamps": [{**card, "points": 70}]})

    found = replayed(same, other)

    # The order of 2025 is the first stamp of the card in force, none of a new card:
    # both are full once in the window.
    assert [s["stamps"] for s in found.result["sides"]] == [100, 100, 70]
    assert found.result["ledger"]["stamps"] == 100


def test_a_new_card_does_not_count_stamps_of_before_the_window(mia):
    for day in (date(2025, 1, 1), date(2026, 2, 1)):
        factories.order(mia, minor=100, on=day)
    card = {"name": "cup", "every": 2, "points": 100}

    found = replayed(draft(earn={"stamps": [card]}))

    assert [s["stamps"] for s in found.result["sides"]] == [0, 0]


def test_what_is_owed_is_the_part_that_members_still_hold(mia):
    order = factories.order(mia, minor=10_000, on=date(2026, 2, 1))
    earn(order)
    points.redeem(
        member_id=mia.pk,
        points=25,
        reference="r",
        actor="",
        at=NOW,
        now=NOW,
        settings=programme.settings_at(at=NOW),
    )

    found = replayed(draft(earn=TWICE))

    assert found.result["ledger"]["remaining"] == 75
    assert [s["owed"] for s in found.result["sides"]] == [75, 150]


def test_points_that_would_have_expired_are_not_owed(mia):
    factories.order(mia, minor=1000, on=date(2025, 12, 1))
    factories.order(mia, minor=2000, on=date(2026, 5, 1))

    found = replayed(draft(expiry={"months": 3}))

    assert [s["owed"] for s in found.result["sides"]] == [30, 20]


def test_purchases_keep_older_points_alive_where_inactivity_ends_them(mia, leo):
    for day in (date(2026, 1, 10), date(2026, 3, 10), date(2026, 5, 10)):
        factories.order(mia, minor=1000, on=day)
    for day in (date(2026, 1, 10), date(2026, 5, 10)):
        factories.order(leo, minor=1000, on=day)

    found = replayed(draft(expiry={"months": 3, "by": "inactivity"}))

    # Mia bought again before each end; Leo's first ten ended on 10 April.
    assert side(found, 1)["owed"] == 40


def test_rules_of_today_count_for_the_whole_window_whatever_was_in_force(mia):
    order = factories.order(mia, minor=1000, on=date(2026, 2, 1))
    earn(order)
    ProgrammeVersion.objects.create(
        number=2,
        settings={"earn": TWICE},
        effective_from=datetime(2026, 3, 1, tzinfo=UTC),
        created_at=factories.AT,
    )

    found = replayed(draft())

    assert (side(found, 0)["points"], found.result["ledger"]["points"]) == (20, 10)


def test_a_corrected_order_counts_once_beside_the_ledger(mia):
    order = factories.order(mia, minor=1000)
    earn(order)
    earning.reverse_many(
        order_ids=[order.pk],
        reason="",
        actor="",
        settings=programme.settings_at(at=NOW),
        now=NOW,
    )
    order.revision, order.amount_minor = 1, 2000
    order.save()
    earn(order)

    found = replayed(draft())

    assert (side(found, 0)["points"], found.result["ledger"]["points"]) == (20, 20)


def test_nothing_is_posted(mia):
    order = factories.order(mia, minor=1000)
    earn(order)
    before = list(Transfer.objects.order_by("pk").values())

    replayed(draft(earn={"points": 9}))

    assert list(Transfer.objects.order_by("pk").values()) == before
    assert history.waiting(period=history.Period()) == 0


def test_no_orders_are_a_result_too():
    found = replayed(draft())

    assert found.result["counts"] == {"orders": 0, "members": 0, "returned": 0}
    assert [s["cost_minor"] for s in found.result["sides"]] == [0, 0]
    assert found.result["pairs"][0]["same"] == 0


def test_the_result_names_what_it_was_made_of(mia):
    factories.order(mia, minor=1000)
    one = draft(earn=TWICE)

    found = replayed(one, months=3)

    assert (found.first_on, found.as_of, found.months) == (date(2026, 4, 1), NOW, 3)
    assert side(found, 1)["hash"] == rules.hash_of(one.settings)
    assert side(found, 0)["hash"] != side(found, 1)["hash"]
    assert not services.has_changed(replay=found)
    drafts.save(
        draft_id=one.pk,
        revision=1,
        title="Draft",
        values={"pending_days": 1},
        effective_from=None,
        note="",
        by=one.authors[0],
        at=NOW,
    )
    found.draft.refresh_from_db()
    assert services.has_changed(replay=found)


@pytest.mark.parametrize("months", [0, 37])
def test_months_out_of_range_are_refused(months):
    with pytest.raises(services.BadMonths):
        services.request(draft=draft(), rival=None, months=months, by=None, at=NOW)


def test_a_draft_is_not_compared_with_itself():
    one = draft()

    with pytest.raises(services.SameDraft):
        services.request(draft=one, rival=one, months=1, by=None, at=NOW)


def job_of(one, ana) -> tuple[Replay, Job]:
    return services.request_job(draft=one, rival=None, months=12, by=ana, at=NOW)


def run(job: Job, batch: int = 1) -> None:
    services.run_job(job_id=job.pk, clock=lambda: NOW, batch=batch)


def test_a_job_runs_it_with_progress(ana, mia, leo):
    for person in (mia, leo):
        factories.order(person, minor=1000)
    replay, job = job_of(draft(earn=TWICE), ana)

    run(job)

    job.refresh_from_db()
    replay.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 2, 2)
    assert job.result == {"replay": replay.pk}
    assert side(replay, 1)["points"] == 40


def test_stopped_and_tried_again_it_goes_on_behind_the_last_batch(ana, mia, leo):
    for person in (mia, leo):
        factories.order(person, minor=1000)
    replay, job = job_of(draft(earn=TWICE), ana)

    def stop_after_one(member: int, total: int) -> None:
        if member == 1:
            raise jobs.Cancelled()

    with pytest.raises(jobs.Cancelled):
        services.run(
            replay_id=replay.pk, clock=lambda: NOW, report=stop_after_one, batch=1
        )
    replay.refresh_from_db()
    assert (replay.after_id, replay.result) == (mia.pk, None)

    run(job)

    replay.refresh_from_db()
    assert (side(replay, 1)["points"], replay.result["counts"]["members"]) == (40, 2)


def test_a_job_cancelled_while_it_runs_ends_so_and_a_retry_finishes(ana, mia):
    factories.order(mia, minor=1000)
    replay, job = job_of(draft(), ana)
    jobs.start(job_id=job.pk, at=NOW)
    jobs.request_cancel(job_id=job.pk, by=ana, at=NOW)

    with pytest.raises(jobs.Cancelled):
        run(job)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    again = jobs.retry(job_id=job.pk, by=ana, at=NOW)
    run(again)

    replay.refresh_from_db()
    assert side(replay, 0)["points"] == 10


def test_a_finished_replay_run_again_stays_as_it_is(ana, mia):
    factories.order(mia, minor=1000)
    found = replayed(draft())
    factories.order(mia, minor=5000)

    again = services.run(replay_id=found.pk, clock=lambda: NOW)

    assert again.result == found.result


def test_a_job_that_fails_says_so(ana):
    _replay, job = job_of(draft(), ana)
    Job.objects.filter(pk=job.pk).update(params={"replay": 2**40})

    with pytest.raises(Replay.DoesNotExist):
        run(job)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
