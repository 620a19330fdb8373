"""What the night does to the books, in the order of a night; each step safe to repeat.

A night is known by its as-of: the first instant of a local day of the programme. Its
steps run in many short transactions; a night that died goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from django.db import connection

from config.lib import hands, periods
from loyalty.points import kernel, rules
from loyalty.points.enums import Role, TransferKind
from loyalty.points.models import NightlyRun
from members.programme import queries as programme
from members.programme.rules import Settings

# Accounts whose time is caught up in one transaction: a till waits no longer for one.
ACCOUNTS = 1_000
# Members given their birthday's points in one transaction.
MEMBERS = 5_000
# A posting that was dated before midnight may have been committed after the last night
# looked; a lot that was seen already is not written again.
OVERLAP = timedelta(days=1)
# Birthdays of nights that did not run are made good, but not those of last year.
MISSED_DAYS = 31

# So much of a step is done.
Report = Callable[[int], None]
# The same, and of which step.
Steps = Callable[[str, int], None]


def night_of(*, at: datetime, settings: Settings) -> datetime:
    """This is the last local midnight: the as-of of the night it began."""
    return periods.day_start(periods.day_of(at, settings.zone), settings.zone)


def begin(*, as_of: datetime, at: datetime) -> NightlyRun:
    """Start a night, or take up the one of that as-of that has not ended."""
    run, _created = NightlyRun.objects.get_or_create(
        as_of=as_of, defaults={"started_at": at}
    )
    return run


def do(
    *, run: NightlyRun, step: str, work: Callable[[Report], int], report: Report
) -> None:
    """Do a step that this night has not done; its count is what it changed."""
    if step in run.steps:
        return
    run.steps = {**run.steps, step: work(report)}
    run.save(update_fields=["steps"])


def end(*, run: NightlyRun, at: datetime) -> None:
    run.finished_at = at
    run.save(update_fields=["finished_at"])


def books(*, run: NightlyRun, now: datetime, report: Steps) -> None:
    """Do what the night does to points: they become available before others end."""
    steps: dict[str, Callable[[Report], int]] = {
        "activations": lambda told: activate(as_of=run.as_of, report=told),
        "birthdays": lambda told: birthdays(as_of=run.as_of, now=now, report=told),
        "points": lambda told: catch_up(now=now, report=told),
    }
    for step, work in steps.items():
        do(run=run, step=step, work=work, report=partial(report, step))


def activate(*, as_of: datetime, report: Report = lambda done: None) -> int:
    """Record the lots that became available since the last night, dated by their rule."""
    last = _last_before(as_of)
    since = last and last.as_of - OVERLAP
    row = kernel.run(
        "SELECT points_activations(%(since)s, %(now)s) AS count",
        {"since": since, "now": as_of},
    )[0]
    report(row["count"])
    return int(row["count"])


# What expiry books to, for every currency the programme has an account in. Made before the
# batches: two that made them at a time, in the order of what ends, would block each other.
_BREAKAGE = """
SELECT points_own('breakage', currency)
  FROM (SELECT DISTINCT currency FROM loyalty_account WHERE member_id IS NULL
         ORDER BY currency) currencies
"""


def catch_up(
    *, now: datetime, batch: int = ACCOUNTS, report: Report = lambda done: None
) -> int:
    """Let holds run out, debts be paid and lots expire; returns how many accounts it was.

    Ends when nothing is due: who is due is asked before the batches, and once more
    after them. A batch is a transaction of its own, and two are done at a time.
    """
    total = 0
    while due := kernel.call("points_due", now=now)["points_due"]:
        kernel.run(_BREAKAGE, {})
        batches = [due[n : n + batch] for n in range(0, len(due), batch)]
        for done in hands.each(partial(_bring_up, now=now), batches):
            total += done
            report(total)
    return total


def _bring_up(accounts: list[int], *, now: datetime) -> int:
    kernel.run(
        "SELECT points_night(%(accounts)s::bigint[], %(now)s)",
        {"accounts": accounts, "now": now},
    )
    return len(accounts)


def birthdays(
    *, as_of: datetime, now: datetime, report: Report = lambda done: None
) -> int:
    """Give the points of birthdays, once a year each, for every local day since last night."""
    zone = programme.settings_at(at=as_of).zone
    today = periods.day_of(as_of, zone)
    last = _last_before(as_of)
    first = periods.day_of(last.as_of, zone) + timedelta(days=1) if last else today
    day = max(first, today - timedelta(days=MISSED_DAYS))
    given = 0
    while day <= today:
        starts = periods.day_start(day, zone)
        settings = programme.settings_at(at=starts)
        for count in _birthdays_on(day, at=starts, now=now, settings=settings):
            given += count
            report(given)
        day += timedelta(days=1)
    return given


def _last_before(as_of: datetime) -> NightlyRun | None:
    ended = NightlyRun.objects.filter(as_of__lt=as_of, finished_at__isnull=False)
    return ended.order_by("-as_of").first()


# Members of one birthday after a member's id, as far as they had joined.
_BORN = """
SELECT id FROM members_member
 WHERE merged_into_id IS NULL AND (joined_on IS NULL OR joined_on <= %(day)s)
   AND to_char(birthday, 'MMDD') = ANY (%(days)s) AND id > %(after)s
 ORDER BY id LIMIT %(limit)s
"""

_GIVE = """
SELECT count(*) FILTER (WHERE NOT replayed) AS given FROM points_credit(
    %(currency)s, %(role)s, %(kind)s, %(members)s::bigint[],
    array_fill(%(points)s::bigint, ARRAY[%(n)s]), %(references)s, array_fill(%(digest)s::text, ARRAY[%(n)s]),
    array_fill(%(at)s::timestamptz, ARRAY[%(n)s]), array_fill(%(at)s::timestamptz, ARRAY[%(n)s]),
    array_fill(%(expires)s::timestamptz, ARRAY[%(n)s]), array_fill(%(rolling)s, ARRAY[%(n)s]),
    array_fill(%(version)s::int, ARRAY[%(n)s]), array_fill(NULL::jsonb, ARRAY[%(n)s]),
    '', '', %(now)s)
"""


def _born_on(day: date) -> list[str]:
    """Who was born on 29 February is given to on the 28th of other years."""
    days = [f"{day:%m%d}"]
    if days == ["0228"] and (day + timedelta(days=1)).month == 3:
        days.append("0229")
    return days


def _birthdays_on(
    day: date, *, at: datetime, now: datetime, settings: Settings
) -> list[int]:
    points = settings.earn.event("birthday") if settings.earn else 0
    counts: list[int] = []
    after = 0
    while points:
        with connection.cursor() as cursor:
            cursor.execute(
                _BORN,
                {"day": day, "days": _born_on(day), "after": after, "limit": MEMBERS},
            )
            members = [number for (number,) in cursor.fetchall()]
        if not members:
            break
        after = members[-1]
        counts.append(_give(members, day, points, at=at, now=now, settings=settings))
    return counts


def _give(
    members: list[int],
    day: date,
    points: int,
    *,
    at: datetime,
    now: datetime,
    settings: Settings,
) -> int:
    told = {
        "currency": settings.currencies[0].key,
        "role": Role.ISSUED,
        "kind": TransferKind.EVENT,
        "members": members,
        "n": len(members),
        "points": points,
        "references": [f"event:birthday:{member}:{day.year}" for member in members],
        # One birthday a year whatever it was worth when it was given first.
        "digest": kernel.digest({"event": "birthday", "year": day.year}),
        "at": at,
        "expires": rules.expires_at(occurred_at=at, settings=settings),
        "rolling": settings.expiry.by == "inactivity",
        "version": settings.number,
        "now": now,
    }
    return int(kernel.run(_GIVE, told)[0]["given"])
