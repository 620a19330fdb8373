"""The pages of replays: start one, follow it, read it."""

from __future__ import annotations

import html
from datetime import date

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.replay import services
from loyalty.replay.models import Replay
from members.jobs.models import Job
from members.programme.models import ProgrammeVersion
from tests import factories
from tests.loyalty.replay.playing import NOW, buy, draft, publish, replayed, status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with clock.override(NOW):
        yield


def text(response) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def list_of(one) -> str:
    return reverse("replay:list", args=[one.pk])


def page_of(replay) -> str:
    return reverse("replay:detail", args=[replay.pk])


def test_a_replay_is_started_followed_and_read(client, ana):
    mia = factories.member("mia")
    factories.order(mia, minor=1000, on=date(2026, 5, 2))
    one = draft("Double", earn={"points": 2})
    client.force_login(ana)

    response = client.post(list_of(one), {"months": "3"})

    replay, job = Replay.objects.get(), Job.objects.get()
    assert response["Location"] == page_of(replay)
    assert "Replay of Double" in text(client.get(page_of(replay)))
    services.run_job(job_id=job.pk, clock=lambda: NOW)
    shown = text(client.get(page_of(replay)))
    assert "€0.20" in shown
    assert "20 points kept" in shown
    assert "+100" in shown  # per cent more
    assert mia.number in shown
    assert reverse("points:member", args=[mia.number]) in shown
    assert "€0.20" in text(client.get(list_of(one)))


@pytest.mark.parametrize(
    ("basis", "base", "gold", "said"),
    [
        ("qualifying_points", "1", "1.5", (True, False)),
        ("balance", "1", "1.5", (True, True)),
        ("balance", "1", "1", (False, True)),
        ("spend", "2", "1.5", (False, False)),
    ],
)
def test_page_says_where_points_and_balances_are_the_real_ones(
    client, ana, basis, base, gold, said
):
    tiers = [
        {"key": "base", "threshold": 0, "multiplier": base},
        {"key": "gold", "threshold": 100, "multiplier": gold, "basis": basis},
    ]
    found = replayed(draft(tier_sets=[{"key": "status", "tiers": tiers}]))
    client.force_login(ana)

    shown = text(client.get(page_of(found)))

    words = ("with the points they really earned", "the balance members really have")
    assert tuple(one in shown for one in words) == said


def test_a_set_that_moves_nobody_otherwise_is_not_shown(client, ana):
    set_ = status(basis="qualifying_points", gold=100)
    publish(set_)
    mia = factories.member("mia")
    buy(mia, 120_00, on=date(2026, 1, 5))  # its time ends, whatever the rules
    client.force_login(ana)
    renamed = {**set_, "name": "Club", "tiers": [*set_["tiers"]]}
    new = {**status(gold=50), "key": "other", "name": "Other"}

    same = replayed(draft(tier_sets=[renamed]))
    gone = replayed(draft(tier_sets=[]))
    beside = replayed(draft(tier_sets=[set_, new]))

    assert same.result["sides"][0]["moves"][0]["down"]
    for found in (same, gone, beside):
        assert "Moves between tiers" not in text(client.get(page_of(found)))


def test_page_counts_whom_other_points_would_move(client, ana):
    publish(status(basis="qualifying_points", gold=100))
    buy(factories.member("mia"), 60_00, on=date(2026, 5, 26))
    client.force_login(ana)

    same, twice = replayed(draft()), replayed(draft("Double", earn={"points": 2}))

    assert "Moves between tiers" not in text(client.get(page_of(same)))
    shown = text(client.get(page_of(twice)))
    assert "Moves between tiers: Double" in shown
    assert "Moves between tiers: Today" not in shown  # where nobody moves


def test_page_says_when_other_rules_are_in_force_by_now(client, ana):
    publish()
    found = replayed(draft("Double", earn={"points": 2}))
    client.force_login(ana)

    before = text(client.get(page_of(found)))
    ProgrammeVersion.objects.create(
        number=3, settings={}, effective_from=factories.AT, created_at=factories.AT
    )
    same = text(client.get(page_of(found)))
    ProgrammeVersion.objects.create(
        number=4,
        settings={"earn": {"points": 3}},
        effective_from=factories.AT,
        created_at=factories.AT,
    )
    after = text(client.get(page_of(found)))

    said = [("Other rules are in force now" in one) for one in (before, same, after)]
    assert said == [False, False, True]


def test_a_replay_that_was_stopped_leads_to_where_it_is_tried_again(client, ana):
    one = draft()
    client.force_login(ana)
    client.post(list_of(one), {"months": "1"})
    replay, job = Replay.objects.get(), Job.objects.get()
    address = reverse("jobs:detail", args=[job.pk])
    runs = text(client.get(page_of(replay)))

    Job.objects.filter(pk=job.pk).update(state="cancelled", finished_at=NOW)
    stopped = text(client.get(page_of(replay)))

    assert "goes on where it stopped" not in runs
    assert "goes on where it stopped" in stopped
    assert f'<a class="btn" href="{address}"' in stopped


def test_two_drafts_are_compared_on_one_page(client, ana):
    factories.order(factories.member(), minor=1000)
    one, other = (
        draft("Double", earn={"points": 2}),
        draft("Triple", earn={"points": 3}),
    )
    client.force_login(ana)

    client.post(list_of(one), {"months": "12", "rival": other.pk})
    replay = Replay.objects.get()
    services.run(replay_id=replay.pk, clock=lambda: NOW)
    shown = text(client.get(page_of(replay)))

    assert "From Double to Triple" in shown
    assert "From Today's rules to Triple" in shown
    # It stands in the list of both.
    assert page_of(replay) in text(client.get(list_of(other)))


def test_a_part_asked_for_by_htmx_is_the_line_until_it_ends(client, ana):
    one = draft()
    client.force_login(ana)
    client.post(list_of(one), {"months": "1"})
    replay, job = Replay.objects.get(), Job.objects.get()

    part = client.get(page_of(replay), headers={"HX-Request": "true"})
    assert "<html" not in text(part)
    assert f"job-{job.pk}" in text(part)
    job.state, job.finished_at = "failed", NOW
    job.save()
    ended = client.get(page_of(replay), headers={"HX-Request": "true"})

    assert ended["HX-Refresh"] == "true"
    assert "Failed" in text(client.get(page_of(replay)))


def test_a_line_that_asks_after_the_end_gets_the_page_anew(client, ana):
    replay = replayed(draft())
    client.force_login(ana)

    ended = client.get(page_of(replay), headers={"HX-Request": "true"})

    assert ended["HX-Refresh"] == "true"


@pytest.mark.parametrize("months", ["0", "37", "x", ""])
def test_months_that_are_not_accepted_are_said_beside_the_field(client, ana, months):
    one = draft()
    client.force_login(ana)

    response = client.post(list_of(one), {"months": months})

    assert response.status_code == 422
    assert "months" in response.context["form"].errors
    assert not Replay.objects.exists()


def test_a_draft_changed_since_is_said(client, ana):
    one = draft(earn={"points": 2})
    replay = replayed(one)
    one.settings = {**one.settings, "pending_days": 3}
    one.save()
    client.force_login(ana)

    assert "says otherwise now" in text(client.get(page_of(replay)))


def test_agreement_with_the_ledger_is_said_and_so_is_a_difference(client, ana):
    replay = replayed(draft())
    client.force_login(ana)
    assert "They agree to the point." in text(client.get(page_of(replay)))
    factories.order(factories.member(), minor=1000)  # has not earned

    other = replayed(draft())

    assert "They differ where" in text(client.get(page_of(other)))


def test_replays_are_for_admins(client, bruno):
    replay = replayed(one := draft())
    client.force_login(bruno)

    assert client.get(page_of(replay)).status_code == 403
    assert client.get(list_of(one)).status_code == 403
    assert client.post(list_of(one), {"months": "1"}).status_code == 403
    assert Replay.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_ask_as_often_for_one_row_as_for_three(
    client, ana, rows, django_assert_num_queries
):
    for _ in range(rows):
        factories.order(factories.member(), minor=1000)
    one = draft(earn={"points": 2})
    found = [replayed(one) for _ in range(rows)]
    client.force_login(ana)
    client.get(list_of(one))

    with django_assert_num_queries(8):
        client.get(list_of(one))
    with django_assert_num_queries(8):
        client.get(page_of(found[0]))
