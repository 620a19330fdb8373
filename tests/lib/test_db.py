"""A kept connection: not asked whether it lives while it is quiet, given up once it died."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from config.lib.db import prepared, trust_if_quiet


@pytest.fixture
def kept(transactional_db):
    """A connection as the next request meets it."""
    connection.ensure_connection()
    connection.health_check_enabled = True
    connection.health_check_done = False
    yield connection
    connection.health_check_enabled = False
    connection.close()


def _one() -> int:
    with prepared() as cursor:
        cursor.execute("SELECT %s::int", [1])
        return int(cursor.fetchone()[0])


def test_a_quiet_connection_is_trusted(kept):
    trust_if_quiet()

    assert kept.health_check_done
    assert _one() == 1


def test_a_connection_the_server_closed_is_made_anew(kept):
    pid = kept.connection.info.backend_pid
    held = kept.settings_dict
    with psycopg.connect(
        dbname=held["NAME"], user=held["USER"], host=held["HOST"], autocommit=True
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    trust_if_quiet()

    assert not kept.health_check_done
    assert _one() == 1
    assert kept.connection.info.backend_pid != pid


def test_a_statement_is_planned_once_a_connection(transactional_db):
    for _time in range(3):
        _one()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements"
            " WHERE statement = 'SELECT $1::int'"
        )
        assert cursor.fetchone() == (3,)
