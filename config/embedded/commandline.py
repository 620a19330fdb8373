"""What manage.py does around Django's own command line."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from config.embedded import runtime
from config.embedded.paths import Unusable
from config.embedded.supervisor import GaveUp
from config.lib import clock, env


def run(argv: list[str], *, base_dir: Path) -> int:
    """This runs one command on the services of this checkout and returns its status."""
    words, told = clock.take_option(argv)
    environment = env.read(os.environ, base_dir=base_dir)
    with contextlib.ExitStack() as stack:
        if told is not None:
            stack.enter_context(_told_time(told, environment=environment))
        if runtime.needs_services(words):
            try:
                stack.enter_context(runtime.services(os.environ, base_dir=base_dir))
            except Unusable as error:
                env.refuse(str(error))
            except GaveUp as error:
                print(f"tern: {error}\n{error.tail}", file=sys.stderr)
                return 1
        try:
            execute_from_command_line(words)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130
        except OperationalError as error:
            if not _is_absence(error):
                raise
            reason = str(error).partition("\n")[0]
            print(f"tern: the database does not answer: {reason}", file=sys.stderr)
            return 1
        except ProgrammingError:
            if not _lacks_migrations():
                raise
            print(
                "tern: the database lacks tables of this version; "
                "./bin/manage migrate makes them, and so does ./bin/up",
                file=sys.stderr,
            )
            return 2
    return 0


def _lacks_migrations() -> bool:
    """Asked only when a command failed: the answer takes a moment."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_absence(error: OperationalError) -> bool:
    """A server that was reached says why it refuses in a code; one that was not cannot."""
    return getattr(error.__cause__, "sqlstate", None) is None


def _told_time(
    text: str, *, environment: env.Environment
) -> contextlib.AbstractContextManager[None]:
    if not environment.test_clock:
        env.refuse(f"{clock.OPTION} needs TERN_TEST_CLOCK=1")
    try:
        return clock.override(clock.parse(text, zone=environment.time_zone))
    except clock.NotATime as error:
        env.refuse(f"{clock.OPTION}: {error}")
