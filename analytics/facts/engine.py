"""The embedded engine: DuckDB in this process, and its door to PostgreSQL."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

# A full rebuild of 20 M orders stays under 4 GB with what DuckDB uses beside its limit.
MEMORY_LIMIT = "2500MB"
# What libpq knows of Django's OPTIONS; the rest is Django's own (pools, isolation).
LIBPQ_OPTIONS = (
    "connect_timeout",
    "gssencmode",
    "options",
    "passfile",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "target_session_attrs",
)


class MissingExtension(RuntimeError):
    pass


def connect() -> Any:
    """This is an Ibis connection to a DuckDB of its own, in memory, spilling to disk."""
    spill = Path(settings.ENVIRONMENT.var) / "duckdb" / str(os.getpid())
    return ibis.duckdb.connect(
        memory_limit=MEMORY_LIMIT,
        temp_directory=str(spill),
        preserve_insertion_order=False,
    )


def attach_database(con: Any) -> None:
    """This opens the product's database, read-only, as `pg`.

    The extension comes as a wheel and is loaded by path: nothing is fetched.
    """
    con.raw_sql(f"LOAD {quoted(str(_extension()))}")
    con.raw_sql(f"ATTACH {quoted(conninfo())} AS pg (TYPE postgres, READ_ONLY)")


def conninfo() -> str:
    """This is Django's database in libpq's words, for engines with connections of
    their own."""
    found = connection.settings_dict
    named = {
        "dbname": found["NAME"],
        "user": found["USER"],
        "password": found["PASSWORD"],
        "host": found["HOST"],
        "port": found["PORT"],
    }
    options = found.get("OPTIONS", {})
    named.update({name: options[name] for name in LIBPQ_OPTIONS if name in options})
    return make_conninfo(**{name: value for name, value in named.items() if value})


def quoted(text: str) -> str:
    """This is an SQL string literal: DuckDB's statements here take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _extension() -> Path:
    spec = find_spec("duckdb_extension_postgres_scanner")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in Path(place).glob("extensions/*/postgres_scanner.duckdb_extension"):
            return path
    raise MissingExtension("duckdb-extension-postgres-scanner is not installed")
