"""Settings → Tiers: sentences, presets, who would move, publishing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from config.lib import clock
from loyalty.tiers import applying, tasks
from loyalty.tiers.forms import SetForm, initial_set
from loyalty.tiers.models import TierMembership
from members.approvals import services as approvals
from members.jobs.models import Job
from members.programme import queries as programme
from members.programme import rules, tier_presets, tiers
from members.programme.models import ProgrammeDraft
from members.settings import drafts, services
from tests import factories
from tests.loyalty.tiers.test_member_pages import (  # noqa: F401  fixtures
    NOW,
    STATUS,
    _now,
    buy,
    member,
)

URL = "tiers:settings"
LINES = (
    "base | Base | 0\nsilver | Silver | 50\n"
    "gold | Gold | 100 | qualifying_points | rolling_12m | 1.5 | Free delivery"
)


def body(*sets: dict, act: str = "preview", **version) -> dict:
    """What a browser sends: each set, and the empty one."""
    told = {"act": act, "based_on": programme.latest().number, **version}
    forms = [*sets, {}]
    told["sets-TOTAL_FORMS"] = len(forms)
    told["sets-INITIAL_FORMS"] = 0
    for n, one in enumerate(forms):
        filled = {
            "key": "",
            "name": "",
            "tiers": "",
            "validity": "window",
            "downgrade": "one_step",
            "grace_days": 0,
            "clawback_days": 60,
            **one,
        }
        told |= {f"sets-{n}-{name}": value for name, value in filled.items()}
    return told


def send(client, user, told: dict):
    client.force_login(user)
    return client.post(reverse(URL), told)


def test_page_says_the_rules_in_sentences(client, ana, member):  # noqa: F811
    client.force_login(ana)

    ((one, texts),) = client.get(reverse(URL)).context["sentences"]

    assert one.name == "Status"
    assert texts[:4] == [
        "Status: everybody begins as Base.",
        "Status: who earns 50 points within 12 months is Silver.",
        "Status: who earns 100 points within 12 months is Gold.",
        "As Gold purchases earn 1.50 times the points.",
    ]


@pytest.mark.parametrize("key", ["value", "potential", "vip", "simple"])
def test_preset_fills_a_form_that_reads_back_equal(client, ana, db, key):
    client.force_login(ana)

    forms = client.get(reverse(URL), {"preset": key}).context["forms"]

    preset = tier_presets.by_key()[key]
    assert forms[0].initial == initial_set(preset)
    sent = SetForm(forms[0].initial)
    assert sent.is_valid(), sent.errors
    assert tiers.parse_tier_sets([sent.told()]) == (preset,)


def test_all_presets_stand_side_by_side(db):
    sets = [tiers.dump_tier_set(one) for one in tier_presets.by_key().values()]

    parsed = rules.parse({"tier_sets": sets})

    assert [one.key for one in parsed.tier_sets] == [
        "value",
        "potential",
        "vip",
        "simple",
    ]
    assert rules.parse(rules.dump(parsed)) == parsed


def test_preview_names_who_moves_and_changes_nothing(client, ana, member):  # noqa: F811
    buy(member, 60_00)
    easier = {"key": "status", "tiers": LINES.replace("100", "60")}

    response = send(client, ana, body(easier))

    ((moves,), version) = response.context["moves"], programme.latest().number
    assert [(one.held.key, one.fits.key, one.members) for one in moves.up] == [
        ("silver", "gold", 1)
    ]
    assert (moves.down, moves.stays) == ([], 0)
    assert reverse("tiers:member", args=[member.number]) in response.content.decode()
    assert version == 2
    assert TierMembership.objects.get(valid_until=None).tier == "silver"


def test_preview_of_higher_thresholds_says_who_falls_later(client, ana, member):  # noqa: F811
    buy(member, 60_00)
    harder = {"key": "status", "tiers": LINES.replace("50", "70")}

    (moves,) = send(client, ana, body(harder)).context["moves"]

    assert [(one.held.key, one.fits.key, one.members) for one in moves.down] == [
        ("silver", "base", 1)
    ]


@pytest.mark.parametrize(
    ("downgrade", "falls_to"), [("one_step", "silver"), ("to_fit", "base")]
)
def test_preview_falls_as_the_set_says_and_tells_who_would_fall_anyway(
    client,
    ana,
    member,  # noqa: F811
    downgrade,
    falls_to,
):
    buy(member, 100_00)
    harder = LINES.replace("100", "900").replace("50", "700")

    told = {"key": "status", "downgrade": downgrade, "tiers": harder}
    response = send(client, ana, body(told))

    (moves,) = response.context["moves"]
    assert [(one.held.key, one.fits.key, one.members) for one in moves.down] == [
        ("gold", falls_to, 1)
    ]
    assert (moves.falls, moves.falls_today) == (1, 0)
    assert "rules 0." in response.content.decode()


def test_publishing_lifts_at_once_and_lowers_nobody(client, ana, member):  # noqa: F811
    buy(member, 60_00)
    easier = {"key": "status", "tiers": LINES.replace("100", "60")}

    response = send(client, ana, body(easier, act="publish", note="Easier"))

    job = Job.objects.get(kind="apply_tiers")
    assert response.url == reverse("jobs:detail", args=[job.pk])
    applying.run_job(job_id=job.pk, clock=lambda: NOW)
    assert TierMembership.objects.get(valid_until=None).tier == "gold"
    job.refresh_from_db()
    assert job.result == {"changed": 1}


def test_publishing_for_a_later_day_moves_nobody_yet(client, ana, member):  # noqa: F811
    buy(member, 60_00)
    easier = {"key": "status", "tiers": LINES.replace("100", "60")}

    send(client, ana, body(easier, act="publish", effective_on="2026-04-01"))

    assert not Job.objects.exists()
    assert TierMembership.objects.get(valid_until=None).tier == "silver"
    assert programme.latest().tier_sets[0].tiers[2].threshold == 60


def test_tick_lifts_when_a_version_comes_into_force_and_once(client, ana, member):  # noqa: F811
    buy(member, 60_00)
    easier = {"key": "status", "tiers": LINES.replace("100", "60")}
    send(client, ana, body(easier, act="publish", effective_on="2026-04-01"))
    tasks.follow_rules()
    waits = Job.objects.count()

    with clock.override(NOW + timedelta(days=30)):
        tasks.follow_rules()
        tasks.follow_rules()

    # Version 2 is what the fixture wrote, as if somebody had just published it.
    first, second = Job.objects.order_by("created_at").values_list("params", flat=True)
    assert (waits, first, second) == (1, {"version": 2}, {"version": 3})


def test_tick_leaves_versions_with_the_same_tiers_alone(client, ana, member):  # noqa: F811
    tasks.follow_rules()
    services.publish_programme(
        values={"expiry": {"months": 24}},
        based_on=2,
        effective_from=NOW,
        note="",
        by=drafts.actor_of(ana),
        at=NOW,
    )

    tasks.follow_rules()

    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ("base | Base", "tiers"),
        ("base | Base | 0\nsilver | Silver | many", "tiers"),
        ("base | Base | 0\nsilver | Silver | 50 | weather", "tiers"),
        ("base | Base | 0\nsilver | Silver | 50 | spend | rolling_0d", "tiers"),
    ],
)
def test_line_that_is_wrong_is_named_and_kept(client, ana, member, lines, field):  # noqa: F811
    response = send(client, ana, body({"key": "status", "tiers": lines}, act="publish"))

    form = response.context["forms"][0]
    assert response.status_code == 422
    assert list(form.errors) == [field]
    assert form["tiers"].value() == lines
    assert programme.latest().number == 2


def test_version_published_meanwhile_loses_nothing(client, ana, member):  # noqa: F811
    told = body({"key": "status", "tiers": LINES}, act="publish")
    send(client, ana, told)

    response = send(client, ana, told)

    assert response.status_code == 422
    assert response.context["forms"][0]["tiers"].value() == LINES
    assert programme.latest().number == 3


def test_set_taken_out_is_gone_once_a_second_person_agrees(client, ana, member):  # noqa: F811
    told = body({"key": "status", "tiers": LINES, "DELETE": "on"}, act="publish")

    response = send(client, ana, told)

    draft = ProgrammeDraft.objects.get()
    assert response.url == reverse("settings:draft", args=[draft.pk])
    assert programme.latest().tier_sets != ()
    approvals.approve(
        approval_id=draft.approval_id, by=drafts.actor_of(factories.user()), at=NOW
    )
    assert programme.latest().tier_sets == ()


def test_bruno_may_not_see_the_settings(client, bruno, member):  # noqa: F811
    client.force_login(bruno)

    assert client.get(reverse(URL)).status_code == 403
    assert send(client, bruno, body(act="publish")).status_code == 403
    assert STATUS["key"] == programme.latest().tier_sets[0].key
