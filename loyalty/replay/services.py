"""Replays: asked for, run batch by batch, kept with what they were made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from loyalty.points import kernel
from loyalty.points.rules import money_of
from loyalty.replay import engine, statements
from loyalty.replay.engine import Prepared
from loyalty.replay.models import Replay
from loyalty.replay.rules import (
    JOB_KIND,
    MAX_MONTHS,
    TODAY,
    TOP,
    Side,
    Window,
    hash_of,
    side_of,
    still_owed,
    window_of,
)
from loyalty.tiers import preview
from members.access.models import User
from members.audit import services as audit
from members.jobs import services as jobs
from members.jobs.models import Job
from members.profiles.models import Member
from members.programme import queries as programme
from members.programme import rules
from members.programme.models import ProgrammeDraft

# Members of one transaction: a second of work, which is all that a stop waits for.
BATCH = 2_000

# (members done, members in all)
Report = Callable[[int, int], None]


class BadMonths(DomainError):
    code = "bad_months"
    message = gettext_lazy("Give 1 to 36 months.")
    field = "months"


class SameDraft(DomainError):
    code = "same_draft"
    message = gettext_lazy("Choose another draft to compare with.")
    field = "rival"


@transaction.atomic
def request(
    *,
    draft: ProgrammeDraft,
    rival: ProgrammeDraft | None,
    months: int,
    by: User | None,
    at: datetime,
) -> Replay:
    """Note what is to be replayed, as it stands now: the draft may change meanwhile."""
    if not 1 <= months <= MAX_MONTHS:
        raise BadMonths()
    if rival is not None and rival.pk == draft.pk:
        raise SameDraft()
    today = programme.settings_at(at=at)
    # Numbers of their own, for a calendar is kept by version.
    wanted = [Side(key=TODAY, name="", settings=today)]
    for place, one in enumerate(filter(None, (draft, rival)), start=1):
        number = programme.latest().number + place
        settings = rules.parse(one.settings, number=number)
        wanted.append(Side(key=f"draft-{one.pk}", name=one.title, settings=settings))
    window = window_of(months=months, as_of=at, settings=today)
    replay = Replay.objects.create(
        draft=draft,
        rival=rival,
        months=months,
        first_on=window.first,
        as_of=window.as_of,
        sides=[side.dump() for side in wanted],
        created_by=by,
        created_at=at,
    )
    audit.record(
        actor=by,
        action="programme.replay",
        target=f"Replay:{replay.pk}",
        details={"draft": draft.pk, "rival": rival and rival.pk, "months": months},
        at=at,
    )
    return replay


@transaction.atomic
def request_job(
    *,
    draft: ProgrammeDraft,
    rival: ProgrammeDraft | None,
    months: int,
    by: User,
    at: datetime,
) -> tuple[Replay, Job]:
    """As `request`, with the job that runs it; the caller enqueues it."""
    replay = request(draft=draft, rival=rival, months=months, by=by, at=at)
    job = jobs.create(kind=JOB_KIND, params={"replay": replay.pk}, by=by, at=at)
    return replay, job


def run_job(*, job_id: UUID, clock: Callable[[], datetime], batch: int = BATCH) -> None:
    """Do the work of a job; raises what stopped it, after noting it on the job."""
    job = jobs.start(job_id=job_id, at=clock())

    def report(done: int, total: int) -> None:
        jobs.progress(job_id=job_id, done=done, total=total, at=clock())

    replay_id = job.params["replay"]
    try:
        run(replay_id=replay_id, clock=clock, report=report, batch=batch)
    except jobs.Cancelled:
        jobs.cancelled(job_id=job_id, at=clock())
        raise
    except Exception as error:
        jobs.fail(job_id=job_id, error=str(error), at=clock())
        raise
    jobs.finish(job_id=job_id, result={"replay": replay_id}, at=clock())


def run(
    *,
    replay_id: int,
    clock: Callable[[], datetime],
    report: Report = lambda done, total: None,
    batch: int = BATCH,
) -> Replay:
    """Replay what is left of the members. Safe to repeat, safe to stop at any moment."""
    replay = Replay.objects.get(pk=replay_id)
    if replay.result is not None:
        return replay
    prepared = _prepared(replay)
    total = Member.objects.count()
    done = Member.objects.filter(pk__lte=replay.after_id).count()
    report(done, total)
    while count := _step(replay_id, prepared, total if prepared.at_once else batch):
        done += count
        report(min(done, total), total)
    return _finish(replay_id, prepared, at=clock())


def _prepared(replay: Replay) -> Prepared:
    window = Window(first=replay.first_on, as_of=replay.as_of)
    return engine.prepare(window=window, sides=[side_of(told) for told in replay.sides])


@transaction.atomic
def _step(replay_id: int, prepared: Prepared, limit: int) -> int:
    """One batch behind the last; two workers at one replay take turns."""
    replay = Replay.objects.select_for_update(of=("self",)).get(pk=replay_id)
    told = {"after": replay.after_id, "limit": max(limit, 1)}
    found = kernel.run(statements.NEXT, told)[0]
    if not found["n"] or replay.result is not None:
        return 0
    with connection.cursor() as cursor:
        # Work of one statement at a time; nothing here gains from compiling it.
        cursor.execute("SET LOCAL jit = off")
    sums = engine.batch(prepared=prepared, low=replay.after_id + 1, high=found["last"])
    replay.state = engine.add(replay.state, sums, top=TOP)
    replay.after_id = found["last"]
    replay.save(update_fields=["state", "after_id"])
    return int(found["n"])


@transaction.atomic
def _finish(replay_id: int, prepared: Prepared, *, at: datetime) -> Replay:
    replay = Replay.objects.select_for_update(of=("self",)).get(pk=replay_id)
    if replay.result is None:
        replay.result = _result(prepared, replay.state)
        replay.finished_at = at
        replay.save(update_fields=["result", "finished_at"])
    return replay


def _result(prepared: Prepared, state: Mapping[str, Any]) -> dict[str, Any]:
    ledger = state.get("ledger", {})
    months = state.get("months", {})
    counts = state.get("counts", {"orders": 0, "members": 0, "returned": 0})
    return {
        "counts": counts,
        "ledger": {
            "months": ledger,
            **_total(ledger, ("points", "stamps", "remaining")),
        },
        "sides": [
            {
                **_side(side, months.get(str(place), {}), ledger),
                "moves": _moves(side, state.get("moves", {}).get(str(place), {})),
            }
            for place, side in enumerate(prepared.sides)
        ],
        "pairs": [
            {"from": one, "to": other, **_pair(state, one, other, counts["members"])}
            for one, other in prepared.pairs
        ],
    }


def _moves(side: Side, counted: Mapping[str, int]) -> list[dict[str, Any]]:
    """Who would move between tiers at the moment of the replay, had this side been in
    force for its orders; nothing where no side moves anybody."""
    rows = [
        dict(zip(("set_no", "rank", "fit"), map(int, key.split()), strict=True))
        | {"members": members}
        for key, members in counted.items()
    ]
    if not rows:
        return []
    found = preview.moves_of(rows, settings=side.settings, named={})
    return [
        {
            "key": moves.tier_set.key,
            "set": moves.tier_set.name,
            "stays": moves.stays,
            "up": [_move(one) for one in moves.up],
            "down": [_move(one) for one in moves.down],
            "gone": [_move(one) for one in moves.gone],
        }
        for moves in found
    ]


def _move(one: preview.Move) -> dict[str, Any]:
    held = one.held
    return {
        "keys": [held.key if held else "", one.fits.key],
        "from": held.name if held else "",
        "to": one.fits.name,
        "members": one.members,
    }


def _side(
    side: Side, months: Mapping[str, Any], ledger: Mapping[str, Any]
) -> dict[str, Any]:
    """Points earned and taken back, and what the rest costs and is still owed of it."""
    total = _total(months, ("points", "stamps", "back"))
    net = total["points"] + total["stamps"] - total["back"]
    owed = still_owed(months, ledger)
    return {
        "key": side.key,
        "name": side.name,
        "hash": side.hash,
        **total,
        "net": net,
        "cost_minor": money_of(points=net, settings=side.settings),
        "owed": owed,
        "owed_minor": money_of(points=owed, settings=side.settings),
        "months": months,
    }


def _pair(
    state: Mapping[str, Any], one: int, other: int, members: int
) -> dict[str, Any]:
    none = {
        "winners": 0,
        "losers": 0,
        "gained": 0,
        "lost": 0,
        "buckets": {},
        "ends": [],
    }
    found = state.get("pairs", {}).get(f"{one}-{other}", none)
    return {**found, "same": members - found["winners"] - found["losers"]}


def _total(months: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, int]:
    return {name: sum(told[name] for told in months.values()) for name in names}


def has_changed(*, replay: Replay) -> bool:
    """Whether a draft says otherwise now than when it was replayed."""
    drafts = [replay.draft, replay.rival]
    told = [side["hash"] for side in replay.sides[1:]]
    now = [hash_of(_plain(draft)) for draft in drafts if draft is not None]
    return now != told


def is_past(*, replay: Replay, now: datetime) -> bool:
    """Whether other rules are in force now than when it was replayed."""
    today = programme.settings_at(at=now)
    return hash_of(rules.dump(today)) != str(replay.sides[0]["hash"])


def _plain(draft: ProgrammeDraft) -> dict[str, Any]:
    return rules.dump(rules.parse(draft.settings))


def title_of(replay: Replay) -> str:
    return _("Replay of %(draft)s") % {"draft": replay.draft.title}
