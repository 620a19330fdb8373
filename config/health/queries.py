"""Whether this process may be sent work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader

from analytics.values.enums import RunState
from analytics.values.models import ValueRun
from config.lib import env

BROKER_SECONDS = 2.0
# One night may be missed; a second one is somebody's business.
STALE_AFTER = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    ok: bool
    detail: str


def checks(*, at: datetime) -> list[Check]:
    """This asks the database first: without it nothing else can be known of it."""
    database = _database()
    if not database.ok:
        return [database, _broker()]
    return [database, _broker(), _migrations(), _recompute(at)]


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return Check(name="database", ok=False, detail="does not answer")
    return Check(name="database", ok=True, detail="answers")


def _broker() -> Check:
    url = env.cache_url(settings.REDIS_URL, db=0)
    client = redis.Redis.from_url(
        url, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS
    )
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return Check(name="broker", ok=False, detail="does not answer")
    finally:
        client.close()
    return Check(name="broker", ok=True, detail="answers")


def _migrations() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("select app, name from django_migrations")
        applied = set(cursor.fetchall())
    missing = len(_known_migrations() - applied)
    if missing:
        return Check(name="migrations", ok=False, detail=f"{missing} not applied")
    return Check(name="migrations", ok=True, detail="all applied")


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _recompute(at: datetime) -> Check:
    """An installation that never computed is new, not broken."""
    ended = ValueRun.objects.exclude(state=RunState.RUNNING).order_by("-pk").first()
    if ended is None or ended.finished_at is None:
        return Check(name="recompute", ok=True, detail="never")
    when = ended.finished_at.isoformat(timespec="seconds")
    if ended.state == RunState.FAILED:
        return Check(name="recompute", ok=False, detail=f"failed at {when}")
    if at - ended.finished_at > STALE_AFTER:
        return Check(name="recompute", ok=False, detail=f"last at {when}")
    return Check(name="recompute", ok=True, detail=when)
