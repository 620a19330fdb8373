"""What every start does once the database answers; `up` runs it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from analytics.demo import queries as demo
from config.lib import messages
from members.profiles.models import Member

DEMO_MEMBERS = 20_000
DEMO_MONTHS = 24
DEMO_SEED = 1


class Command(BaseCommand):
    help = "Migrate, compile translations, collect static files, load the demo."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="if nothing is there")
        parser.add_argument("--logins-to", type=Path, help="a file for the demo's")

    def handle(self, *args: Any, **options: Any) -> None:
        messages.compile_all()
        self._migrate()
        self._collect_static()
        if options["demo"] and not settings.ENVIRONMENT.production:
            self._load_demo()
        if options["logins_to"] is not None:
            _write_logins(options["logins_to"])

    def _say(self, text: str) -> None:
        """Django paints what goes to stderr red, as an error; this is none."""
        self.stderr.write(text, style_func=str)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self._say(f"migrating the database, {len(plan)} steps")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        """A stamp is written last: what was cut short is done again."""
        stamp = settings.ENVIRONMENT.var / "run" / "static.stamp"
        digest = static_digest()
        if stamp.exists() and stamp.read_text() == digest:
            return
        stamp.unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest)

    def _load_demo(self) -> None:
        """The demo comes into an empty installation; one that was cut short goes on."""
        begun = demo.begun()
        if begun is None:
            if Member.objects.exists():
                return
            size = (DEMO_MEMBERS, DEMO_MONTHS, DEMO_SEED)
        elif not demo.is_whole(begun):
            size = (begun.plan.members, begun.plan.months, begun.plan.seed)
        else:
            return
        self._say(f"loading the demo: {size[0]:,} members, {size[1]} months")
        call_command("demo", members=size[0], months=size[1], seed=size[2])


def static_digest() -> str:
    """This changes when a static file of ours or of a package does."""
    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = os.stat(storage.path(path))
            seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _write_logins(place: Path) -> None:
    place.unlink(missing_ok=True)
    known = demo.logins()
    if not known or settings.ENVIRONMENT.production:
        return
    width = max(len(login.email) for login, _ in known)
    lines = ["sign in with:"]
    for login, password in known:
        lines.append(f"  {login.email:<{width}}  {password}  ({login.role.label})")
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
